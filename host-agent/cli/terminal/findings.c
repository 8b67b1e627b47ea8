// SPDX-License-Identifier: GPL-2.0
/*
 * The findings of freehint doctor, one per line. A terminal gets colours, unless its user
 * has disabled them (https://no-color.org).
 */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "terminal.h"

static unsigned int wrong;

/* Where the first fault goes while nothing is printed, or NULL. */
static struct {
	char *first;
	size_t size;
} kept;

__attribute__((format(printf, 3, 0)))
static void print(const char *word, const char *colour, const char *fmt, va_list ap)
{
	if (kept.first)
		return;
	if (terminal_wants_colour(STDOUT_FILENO))
		printf("\033[%sm%-5s\033[0m ", colour, word);
	else
		printf("%-5s ", word);
	vprintf(fmt, ap);
	putchar('\n');
}

void finding_ok(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print("ok", "32", fmt, ap);
	va_end(ap);
}

void finding_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print("note", "33", fmt, ap);
	va_end(ap);
}

void finding_wrong(const char *fmt, ...)
{
	va_list ap;

	wrong++;
	va_start(ap, fmt);
	if (kept.first && !*kept.first)
		vsnprintf(kept.first, kept.size, fmt, ap);
	else
		print("wrong", "31", fmt, ap);
	va_end(ap);
}

void findings_keep(char *first, size_t size)
{
	kept.first = first;
	kept.size = size;
	if (first)
		*first = '\0';
}

unsigned int findings_wrong(void)
{
	return wrong;
}

void findings_excuse(unsigned int count)
{
	wrong -= count;
}
