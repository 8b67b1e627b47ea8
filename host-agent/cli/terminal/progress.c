// SPDX-License-Identifier: GPL-2.0
/*
 * Shows the progress of a command that takes a while.
 *
 * A migration's bar shows how much of all memory is done: sent, or kept off the wire. It may move
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

/* Room for the parts of a line. */
#define PARTS_MAX	160

/* Parts of a migration's line. */
#define MIGRATE_PARTS	6

/* A line is on the terminal, and its end is missing. */
static bool unfinished;

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
	vsnprintf(part, PROGRESS_PART, fmt, ap);
	va_end(ap);
}

static void write_parts(char part[MIGRATE_PARTS][PROGRESS_PART], const json_t *ram, double kept)
{
	add(part[0], "%.0f MB left", number(ram, "remaining") / 1e6);
	add(part[1], "%.0f MB sent", number(ram, "transferred") / 1e6);
	add(part[2], "%.0f MB kept off", kept > 0 ? kept / 1e6 : 0);
	add(part[3], "pass %.0f", number(ram, "dirty-sync-count"));
	add(part[4], "%.0f Mbit/s", number(ram, "mbps"));
	add(part[5], "dirty %.0f MB/s", number(ram, "dirty-pages-rate") * 4096 / 1e6);
}

/* Join as many parts as fit; the first part that does not fit ends the line. */
static void join(char *text, size_t room, const struct progress *progress)
{
	size_t used = 0, gap, len;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < progress->parts; i++) {
		gap = i ? 2 : 0;
		len = strlen(progress->part[i]);
		if (used + gap + len > room)
			return;
		memcpy(text + used, ", ", gap);
		memcpy(text + used + gap, progress->part[i], len + 1);
		used += gap + len;
	}
}

static void write_bar(char *bar, size_t cells, double done)
{
	size_t i;

	for (i = 0; i < cells; i++)
		bar[i] = (double)i < done * (double)cells ? '#' : '.';
	bar[cells] = '\0';
}

void progress_format(char *line, const struct progress *progress, unsigned int columns)
{
	size_t room = columns && columns < PROGRESS_LINE ? columns : PROGRESS_LINE;
	size_t head = strlen(progress->head) + BAR_FRAME, cells;
	char text[PARTS_MAX] = "", bar[BAR_MAX + 1] = "";

	if (!columns) {
		join(text, PARTS_MAX - 1, progress);
		snprintf(line, room, "%s, %s", progress->head, text);
	} else if (head + BAR_MIN < room) {
		cells = room - 1 - head;
		join(text, cells - BAR_MIN < PARTS_MAX ? cells - BAR_MIN : PARTS_MAX - 1,
		     progress);
		cells -= strlen(text);
		write_bar(bar, cells < BAR_MAX ? cells : BAR_MAX, progress->done);
		snprintf(line, room, "%s [%s] %s", progress->head, bar, text);
	} else {
		snprintf(line, room, "%s", progress->head);
	}
}

void progress_line(char *line, const json_t *migrate, const json_t *hints, double before,
		   unsigned int columns)
{
	const json_t *ram = json_object_get(migrate, "ram");
	double total = number(ram, "total"), left = number(ram, "remaining");
	double kept = number(json_object_get(hints, "counters"), "bytes-skipped") - before;
	char part[MIGRATE_PARTS][PROGRESS_PART];
	const struct progress progress = {
		.head = status_of(migrate),
		.part = part,
		.parts = MIGRATE_PARTS,
		.done = total > 0 ? 1 - left / total : 0,
	};

	write_parts(part, ram, kept);
	progress_format(line, &progress, columns);
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

static void print_line(const char *line, bool terminal)
{
	fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", line);
	unfinished = terminal;
}

void progress_show(const json_t *migrate, const json_t *hints, double before)
{
	bool terminal = isatty(STDERR_FILENO);
	char line[PROGRESS_LINE];

	if (!terminal && !is_due(status_of(migrate)))
		return;
	progress_line(line, migrate, hints, before,
		      terminal ? terminal_columns(STDERR_FILENO, 80) : 0);
	print_line(line, terminal);
}

void progress_print(const struct progress *progress)
{
	bool terminal = isatty(STDERR_FILENO);
	char line[PROGRESS_LINE];

	if (!terminal && !is_due(progress->head))
		return;
	progress_format(line, progress, terminal ? terminal_columns(STDERR_FILENO, 80) : 0);
	print_line(line, terminal);
}

void progress_end(void)
{
	if (unfinished)
		fputs("\r\033[K", stderr);
	unfinished = false;
}
