/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shows the progress of a command that takes a while: on a terminal one line that is overwritten,
 * elsewhere a new line every two seconds and when the status changes.
 */
#ifndef FREEHINT_PROGRESS_H
#define FREEHINT_PROGRESS_H

#include <jansson.h>

/* Longest line, with its terminator. */
#define PROGRESS_LINE	256

/* Longest part of a line, with its terminator. */
#define PROGRESS_PART	40

/**
 * struct progress - what a line shows
 * @head:  what is going on
 * @part:  numbers, the most important first; as many as fit are shown
 * @parts: number of parts
 * @done:  length of the bar, 0 to 1
 */
struct progress {
	const char *head;
	char (*part)[PROGRESS_PART];
	unsigned int parts;
	double done;
};

/**
 * progress_format() - format the line
 * @line:     buffer of PROGRESS_LINE bytes
 * @progress: what it shows
 * @columns:  width of the terminal; 0: there is no terminal, and the line has no bar
 *
 * The last column of the terminal stays empty: otherwise the terminal starts a new line.
 */
void progress_format(char *line, const struct progress *progress, unsigned int columns);

/** progress_print() - update the line */
void progress_print(const struct progress *progress);

/**
 * progress_line() - format the line of a migration
 * @line:    buffer of PROGRESS_LINE bytes
 * @migrate: answer to query-migrate
 * @hints:   answer to x-query-freehint, NULL: there is none
 * @before:  bytes that the extension had skipped before this migration
 * @columns: as for progress_format()
 */
void progress_line(char *line, const json_t *migrate, const json_t *hints, double before,
		   unsigned int columns);

/** progress_show() - update the line of a migration */
void progress_show(const json_t *migrate, const json_t *hints, double before);

/** progress_end() - remove the line, so that other output can follow */
void progress_end(void);

#endif /* FREEHINT_PROGRESS_H */
