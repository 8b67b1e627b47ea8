// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP command x-freehint-wake: wake the agent when the request line changes.
 */
#include "../../../include/freehint/qmp_names.h"
#include "../core/peer_wake.h"
#include "wake_command.h"

void wake_command(QDict *args, QObject **ret, Error **errp)
{
	const char *name = qemu.qdict_get_try_str(args, FREEHINT_ARG_FDNAME);
	int fd;

	if (!name || qemu.qdict_next(args, qemu.qdict_first(args))) {
		qemu_error(errp, "'fdname', a string, is the only argument");
		return;
	}
	/* From here on the descriptor is this command's. */
	fd = qemu.monitor_get_fd(qemu.monitor_cur(), name, errp);
	if (fd < 0)
		return;
	if (peer_wake_add(fd))
		qemu_error(errp, "file descriptor '%s' is not a socket; pass one with getfd", name);
	else
		*ret = (QObject *)qemu.qdict_new();
}
