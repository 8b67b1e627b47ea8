/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a migration goes, while it goes: one line that is written over on a terminal,
 * now and then a new one elsewhere.
 */
#ifndef FREEHINT_PROGRESS_H
#define FREEHINT_PROGRESS_H

#include <jansson.h>

/**
 * progress_show() - draw the line anew
 * @migrate: answer to query-migrate
 * @hints:   answer to x-query-freehint, NULL: there is none
 * @before:  bytes that the extension had skipped before this migration
 */
void progress_show(const json_t *migrate, const json_t *hints, double before);

/** progress_end() - leave room for what follows */
void progress_end(void);

#endif /* FREEHINT_PROGRESS_H */
