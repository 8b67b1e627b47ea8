/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shows the progress of a running migration: on a terminal one line that is overwritten,
 * elsewhere a new line every two seconds and when the status changes.
 */
#ifndef FREEHINT_PROGRESS_H
#define FREEHINT_PROGRESS_H

#include <jansson.h>

/* Longest line, with its terminator. */
#define PROGRESS_LINE	256

/**
 * progress_line() - format the line
 * @line:    buffer of PROGRESS_LINE bytes
 * @migrate: answer to query-migrate
 * @hints:   answer to x-query-freehint, NULL: there is none
 * @before:  bytes that the extension had skipped before this migration
 * @columns: width of the terminal; 0: there is no terminal, and the line has no bar
 *
 * The last column of the terminal stays empty: otherwise the terminal starts a new line.
 */
void progress_line(char *line, const json_t *migrate, const json_t *hints, double before,
		   unsigned int columns);

/** progress_show() - update the line */
void progress_show(const json_t *migrate, const json_t *hints, double before);

/** progress_message() - print a message on a line of its own */
__attribute__((format(printf, 1, 2))) void progress_message(const char *fmt, ...);

/** progress_end() - remove the line, so that other output can follow */
void progress_end(void);

#endif /* FREEHINT_PROGRESS_H */
