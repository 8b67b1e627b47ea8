// SPDX-License-Identifier: GPL-2.0
/*
 * Writes QMP commands as text: their arguments are our own numbers and names, and nothing
 * needs escaping.
 */
#include "qmp_command.h"

#include <stdio.h>

#include "include/freehint/qmp_names.h"

const char *const qmp_command_names[QMP_COMMANDS] = {
	[QMP_CAPABILITIES] = "qmp_capabilities",
	[QMP_QUERY_STATUS] = "query-status",
	[QMP_QUERY_MIGRATE] = "query-migrate",
	[QMP_QUERY_FREEHINT] = FREEHINT_QMP_QUERY,
	[QMP_GETFD] = "getfd",
	[QMP_MARK_CLEAN] = FREEHINT_QMP_MARK,
	[QMP_GIVE_BACK] = FREEHINT_QMP_GIVE_BACK,
	[QMP_DISCARD] = FREEHINT_QMP_DISCARD,
	[QMP_WAKE] = FREEHINT_QMP_WAKE,
};

/* Append formatted text. Return: new length, @room or more when it does not fit. */
__attribute__((format(printf, 4, 0)))
static size_t put_text(char *text, size_t room, size_t len, const char *fmt, va_list args)
{
	int more;

	if (len >= room)
		return len;
	more = vsnprintf(text + len, room - len, fmt, args);
	return more < 0 ? room : len + (size_t)more;
}

__attribute__((format(printf, 4, 5)))
static size_t put(char *text, size_t room, size_t len, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	len = put_text(text, room, len, fmt, args);
	va_end(args);
	return len;
}

size_t qmp_command_format(char *text, size_t room, enum qmp_command command, u64 id,
			  const char *fmt, va_list args)
{
	size_t len = put(text, room, 0, "{\"execute\":\"%s\",\"id\":%llu",
			 qmp_command_names[command], (unsigned long long)id);

	if (fmt) {
		len = put(text, room, len, ",\"arguments\":");
		len = put_text(text, room, len, fmt, args);
	}
	return put(text, room, len, "}\n");
}
