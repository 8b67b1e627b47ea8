// SPDX-License-Identifier: GPL-2.0
/*
 * Shows the progress of a running migration.
 *
 * The bar shows how much of all memory is done: sent, or kept off the wire. It may move
 * back in a later pass, because the guest writes pages again: that is normal for precopy.
 */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "terminal.h"

/* Limits for the cells of the bar, and the width of its frame: " [", "] ". */
#define BAR_MIN		10
#define BAR_MAX		40
#define BAR_FRAME	4
#define PLAIN_US	2000000ULL

/* The parts of a line, the most important first. */
#define PARTS		6
#define PART_MAX	40
#define PARTS_MAX	160

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *status_of(const json_t *migrate)
{
	const char *status = json_string_value(json_object_get(migrate, "status"));

	return status ? status : "none";
}

__attribute__((format(printf, 2, 3)))
static void add(char *part, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(part, PART_MAX, fmt, ap);
	va_end(ap);
}

static void write_parts(char part[PARTS][PART_MAX], const json_t *ram, double kept)
{
	add(part[0], "%.0f MB left", number(ram, "remaining") / 1e6);
	add(part[1], "%.0f MB sent", number(ram, "transferred") / 1e6);
	add(part[2], "%.0f MB kept off", kept > 0 ? kept / 1e6 : 0);
	add(part[3], "pass %.0f", number(ram, "dirty-sync-count"));
	add(part[4], "%.0f Mbit/s", number(ram, "mbps"));
	add(part[5], "dirty %.0f MB/s", number(ram, "dirty-pages-rate") * 4096 / 1e6);
}

/* Join as many parts as fit; the first part that does not fit ends the line. */
static void join(char *text, size_t room, char part[PARTS][PART_MAX])
{
	size_t used = 0, len;
	int i;

	text[0] = '\0';
	for (i = 0; i < PARTS; i++) {
		len = strlen(part[i]) + (i ? 2 : 0);
		if (used + len > room)
			return;
		snprintf(text + used, len + 1, "%s%s", i ? ", " : "", part[i]);
		used += len;
	}
}

static void write_bar(char *bar, size_t cells, double done)
{
	size_t i;

	for (i = 0; i < cells; i++)
		bar[i] = (double)i < done * (double)cells ? '#' : '.';
	bar[cells] = '\0';
}

void progress_line(char *line, const json_t *migrate, const json_t *hints, double before,
		   unsigned int columns)
{
	const json_t *ram = json_object_get(migrate, "ram");
	double total = number(ram, "total"), left = number(ram, "remaining");
	double kept = number(json_object_get(hints, "counters"), "bytes-skipped") - before;
	size_t room = columns && columns < PROGRESS_LINE ? columns : PROGRESS_LINE;
	size_t head = strlen(status_of(migrate)) + BAR_FRAME, cells;
	char part[PARTS][PART_MAX], text[PARTS_MAX] = "", bar[BAR_MAX + 1] = "";

	write_parts(part, ram, kept);
	if (!columns) {
		join(text, PARTS_MAX - 1, part);
		snprintf(line, room, "%s, %s", status_of(migrate), text);
	} else if (head + BAR_MIN < room) {
		cells = room - 1 - head;
		join(text, cells - BAR_MIN < PARTS_MAX ? cells - BAR_MIN : PARTS_MAX - 1, part);
		cells -= strlen(text);
		write_bar(bar, cells < BAR_MAX ? cells : BAR_MAX, total > 0 ? 1 - left / total : 0);
		snprintf(line, room, "%s [%s] %s", status_of(migrate), bar, text);
	} else {
		snprintf(line, room, "%s", status_of(migrate));
	}
}

/* Without a terminal: print a line every PLAIN_US, and when the status changes. */
static bool is_due(const char *status)
{
	static unsigned long long last;
	static char shown[32];

	if (clock_us() - last < PLAIN_US && !strcmp(shown, status))
		return false;
	last = clock_us();
	snprintf(shown, sizeof(shown), "%s", status);
	return true;
}

void progress_show(const json_t *migrate, const json_t *hints, double before)
{
	bool terminal = isatty(STDERR_FILENO);
	char line[PROGRESS_LINE];

	if (!terminal && !is_due(status_of(migrate)))
		return;
	progress_line(line, migrate, hints, before,
		      terminal ? terminal_columns(STDERR_FILENO, 80) : 0);
	fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", line);
}

void progress_message(const char *fmt, ...)
{
	va_list ap;

	progress_end();
	fputs("freehint migrate: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
