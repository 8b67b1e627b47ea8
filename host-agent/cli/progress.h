/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a migration goes, while it goes: one line that is written over on a terminal,
 * now and then a new one elsewhere.
 */
#ifndef FREEHINT_PROGRESS_H
#define FREEHINT_PROGRESS_H

#include <jansson.h>

/* Room that a line takes at most, with its end. */
#define PROGRESS_LINE	256

/**
 * progress_line() - write the line
 * @line:    of PROGRESS_LINE bytes
 * @migrate: answer to query-migrate
 * @hints:   answer to x-query-freehint, NULL: there is none
 * @before:  bytes that the extension had skipped before this migration
 * @columns: of the terminal; 0: there is none, and no bar
 *
 * The last column of a terminal stays free, or it would begin a new line.
 */
void progress_line(char *line, const json_t *migrate, const json_t *hints, double before,
		   unsigned int columns);

/** progress_show() - draw the line anew */
void progress_show(const json_t *migrate, const json_t *hints, double before);

/** progress_say() - something else, on a line of its own */
__attribute__((format(printf, 1, 2))) void progress_say(const char *fmt, ...);

/** progress_end() - leave room for what follows */
void progress_end(void);

#endif /* FREEHINT_PROGRESS_H */
