/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The QMP command x-freehint-map.
 */
#ifndef FREEHINT_MAP_COMMAND_H
#define FREEHINT_MAP_COMMAND_H

#include "../core/qemu_abi.h"

/** map_command() - handler of x-freehint-map; BQL held */
void map_command(QDict *args, QObject **ret, Error **errp);

#endif /* FREEHINT_MAP_COMMAND_H */
