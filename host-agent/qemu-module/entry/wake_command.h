/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The QMP command x-freehint-wake: wake the agent when the request line changes.
 */
#ifndef FREEHINT_WAKE_COMMAND_H
#define FREEHINT_WAKE_COMMAND_H

#include "../core/qemu_abi.h"

/** wake_command() - handler of x-freehint-wake; main loop, BQL held */
void wake_command(QDict *args, QObject **ret, Error **errp);

#endif /* FREEHINT_WAKE_COMMAND_H */
