// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the arguments of a QMP command: their names, and those that are numbers.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>

#include "qmp_args.h"

static bool is_known(const char *const *known, const char *key)
{
	while (*known && strcmp(key, *known) != 0)
		known++;
	return *known;
}

bool qmp_args_check(const QDict *args, const char *const *known, const char *give, Error **errp)
{
	const QDictEntry *entry;

	for (entry = qemu.qdict_first(args); entry; entry = qemu.qdict_next(args, entry)) {
		if (is_known(known, qemu.qdict_entry_key(entry)))
			continue;
		qemu_error(errp, "argument '%s' is unknown; %s", qemu.qdict_entry_key(entry), give);
		return false;
	}
	return true;
}

/* For a value that is not an integer QEMU returns the default, so try two. */
bool qmp_args_int(const QDict *args, const char *key, int64_t *n)
{
	*n = qemu.qdict_get_try_int(args, key, 0);
	return *n == qemu.qdict_get_try_int(args, key, 1);
}

bool qmp_args_number(const QDict *args, const char *key, int64_t min, int64_t max, int64_t *n,
		     Error **errp)
{
	bool is_int = qmp_args_int(args, key, n);

	if (is_int && *n >= min && *n <= max)
		return true;
	if (is_int)
		qemu_error(errp, "'%s' is %" PRId64 "; give an integer from %" PRId64 " to %"
			   PRId64, key, *n, min, max);
	else
		qemu_error(errp, "'%s' is missing or not an integer; give one from %" PRId64
			   " to %" PRId64, key, min, max);
	return false;
}
