/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers the QMP commands. docs/qmp-commands.md documents them.
 */
#ifndef FREEHINT_COMMANDS_H
#define FREEHINT_COMMANDS_H

#include <stdbool.h>

/**
 * commands_start() - start reporting, as x-freehint-start does
 * @why: set to the reason on failure
 *
 * Context: BQL held.
 *
 * Return: true if reporting is on.
 */
bool commands_start(const char **why);

/** commands_register() - register the commands with QEMU, once at load */
void commands_register(void);

/**
 * commands_register_inert() - register the same commands where freehint cannot work
 * @why: the reason that they report; not copied, must stay valid
 */
void commands_register_inert(const char *why);

#endif /* FREEHINT_COMMANDS_H */
