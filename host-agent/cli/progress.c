// SPDX-License-Identifier: GPL-2.0
/*
 * How a migration goes, while it goes.
 *
 * The bar is of all memory: sent, kept off the wire, and still to be sent. In a later
 * pass it goes back, for pages were written again; that is how precopy is.
 */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host-agent/clock.h"
#include "terminal.h"

#define BAR_MIN		10
#define BAR_MAX		40
#define TEXT_COLUMNS	78
#define PLAIN_US	2000000ULL

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void draw_bar(double done)
{
	unsigned int width = terminal_columns(STDERR_FILENO, 80), i;

	if (width < TEXT_COLUMNS + BAR_MIN)
		return;
	width -= TEXT_COLUMNS;
	if (width > BAR_MAX)
		width = BAR_MAX;
	fputc('[', stderr);
	for (i = 0; i < width; i++)
		fputc(i < done * width ? '#' : '.', stderr);
	fputs("] ", stderr);
}

void progress_show(const json_t *migrate, const json_t *hints, double before)
{
	const json_t *ram = json_object_get(migrate, "ram");
	double total = number(ram, "total"), left = number(ram, "remaining");
	double kept = number(json_object_get(hints, "counters"), "bytes-skipped") - before;
	static unsigned long long last;
	bool terminal = isatty(STDERR_FILENO);

	if (!terminal && clock_us() - last < PLAIN_US)
		return;
	last = clock_us();
	if (terminal) {
		fputs("\r\033[K", stderr);
		draw_bar(total > 0 ? 1 - left / total : 0);
	}
	fprintf(stderr, "pass %.0f, %.0f MB sent, %.0f MB kept off the wire, %.0f MB left, "
		"%.0f Mbit/s, dirty %.0f MB/s%s", number(ram, "dirty-sync-count"),
		number(ram, "transferred") / 1e6, kept > 0 ? kept / 1e6 : 0, left / 1e6,
		number(ram, "mbps"), number(ram, "dirty-pages-rate") * 4096 / 1e6,
		terminal ? "" : "\n");
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
