/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The QMP command x-freehint-give-back.
 */
#ifndef FREEHINT_GIVE_BACK_COMMAND_H
#define FREEHINT_GIVE_BACK_COMMAND_H

#include "../core/qemu_abi.h"

/** give_back_command() - handler of x-freehint-give-back; BQL held */
void give_back_command(QDict *args, QObject **ret, Error **errp);

#endif /* FREEHINT_GIVE_BACK_COMMAND_H */
