/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's QDict and QList for unit tests, on top of jansson, the monitor's named file
 * descriptors, and its call of a command.
 */
#ifndef FREEHINT_FAKE_QOBJECT_H
#define FREEHINT_FAKE_QOBJECT_H

#include <jansson.h>

#include "host-agent/qemu-module/core/qemu_abi.h"

/** fake_qobject_init() - fill the dictionary part of the symbol table */
void fake_qobject_init(void);

/**
 * fake_run() - run a command as the monitor does
 * @command: the extension's
 * @args:    dropped when it has returned
 *
 * A command without an answer and an error, or with both, ends the program.
 *
 * Return: the answer, the caller's; NULL if the command was refused: fake.error has the text.
 */
json_t *fake_run(qemu_qmp_fn *command, json_t *args);

/** fake_pass_fd() - what getfd does; taken by the next command that names it */
void fake_pass_fd(const char *name, int fd);

/** fake_fd_is_taken() - has a command taken the descriptor that was passed? */
bool fake_fd_is_taken(void);

#endif /* FREEHINT_FAKE_QOBJECT_H */
