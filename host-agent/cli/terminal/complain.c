// SPDX-License-Identifier: GPL-2.0
/*
 * The messages of the tool to its user. Many have texts of others in them, so all leave through
 * printable_line().
 */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "printable_line.h"
#include "progress.h"

static const char *speaker;

void complain_as(const char *command)
{
	speaker = command;
}

__attribute__((format(printf, 2, 0)))
static void say(const char *what, const char *fmt, va_list ap)
{
	char text[PRINTABLE_LINE];

	vsnprintf(text, sizeof(text), fmt, ap);
	progress_end();
	printable_line(stderr, "freehint%s%s%s%s: %s", speaker ? " " : "", speaker ? speaker : "",
		       what ? " " : "", what ? what : "", text);
}

void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, fmt, ap);
	va_end(ap);
}

void complain_of(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(what, fmt, ap);
	va_end(ap);
}
