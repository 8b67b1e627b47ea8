/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The QMP commands that the agent sends, and how they are written.
 */
#ifndef FREEHINT_QMP_COMMAND_H
#define FREEHINT_QMP_COMMAND_H

#include <stdarg.h>

#include "include/freehint/types.h"

/** enum qmp_command - every command the agent sends */
enum qmp_command {
	QMP_CAPABILITIES,
	QMP_QUERY_STATUS,
	QMP_QUERY_MIGRATE,
	QMP_QUERY_FREEHINT,
	QMP_GETFD,
	QMP_MARK_CLEAN,
	QMP_GIVE_BACK,
	QMP_DISCARD,
	QMP_WAKE,
	QMP_COMMANDS,
};

/* The commands as QMP spells them. */
extern const char *const qmp_command_names[QMP_COMMANDS];

/**
 * qmp_command_format() - write a command with a newline at its end
 * @text:    room for the command
 * @room:    bytes of it
 * @command: command
 * @id:      its id
 * @fmt:     the arguments object in JSON, or NULL
 * @args:    arguments of @fmt
 *
 * Return: length; @room or more when it does not fit.
 */
__attribute__((format(printf, 5, 0)))
size_t qmp_command_format(char *text, size_t room, enum qmp_command command, u64 id,
			  const char *fmt, va_list args);

#endif /* FREEHINT_QMP_COMMAND_H */
