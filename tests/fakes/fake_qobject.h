/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's QDict and QList for unit tests, on top of jansson, and the monitor's named
 * file descriptors.
 */
#ifndef FREEHINT_FAKE_QOBJECT_H
#define FREEHINT_FAKE_QOBJECT_H

#include <jansson.h>

#include "host-agent/qemu-module/core/qemu_abi.h"

/** fake_qobject_init() - fill the dictionary part of the symbol table */
void fake_qobject_init(void);

/** fake_pass_fd() - what getfd does; taken by the next command that names it */
void fake_pass_fd(const char *name, int fd);

/** fake_fd_is_taken() - has a command taken the descriptor that was passed? */
bool fake_fd_is_taken(void);

#endif /* FREEHINT_FAKE_QOBJECT_H */
