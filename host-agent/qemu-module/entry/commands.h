/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers the QMP commands; docs/qmp-commands.md is their documentation.
 */
#ifndef FREEHINT_COMMANDS_H
#define FREEHINT_COMMANDS_H

#include <stdbool.h>

/**
 * commands_start() - what x-freehint-start does
 * @why: filled with what stands against it, on failure
 *
 * Context: BQL held.
 *
 * Return: true when reporting is on.
 */
bool commands_start(const char **why);

/** commands_register() - add ours to QEMU's QMP commands, once at load */
void commands_register(void);

/**
 * commands_register_inert() - the same commands where freehint cannot work
 * @why: what they say; kept
 */
void commands_register_inert(const char *why);

#endif /* FREEHINT_COMMANDS_H */
