// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP command x-freehint-wake: wake the agent when the request line changes.
 */
#include "../../../include/freehint/qmp_names.h"
#include "../core/peer_wake.h"
#include "../core/qmp_args.h"
#include "wake_command.h"

void wake_command(QDict *args, QObject **ret, Error **errp)
{
	static const char *const known[] = { FREEHINT_ARG_FDNAME, NULL };
	const char *name = qemu.qdict_get_try_str(args, FREEHINT_ARG_FDNAME);
	int fd;

	if (!qmp_args_check(args, known, "give '" FREEHINT_ARG_FDNAME "'", errp))
		return;
	if (!name) {
		qemu_error(errp, "'fdname' is missing or not a string; give the name that getfd had");
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
