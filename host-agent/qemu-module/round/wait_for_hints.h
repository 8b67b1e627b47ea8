/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The migration thread waits for the hints of the round that it has opened.
 */
#ifndef FREEHINT_WAIT_FOR_HINTS_H
#define FREEHINT_WAIT_FOR_HINTS_H

#include "hint_wait.h"

/**
 * migration_is_ending_unlocked() - migration_is_ending() between bql_drop() and bql_take()
 *
 * Context: BQL not held; it is taken and dropped again.
 */
bool migration_is_ending_unlocked(void);

/**
 * request_notice_us() - how long until guest and agent look at the request line
 *
 * The agent polls as slowly as an idle guest until it sees the migration.
 *
 * Context: BQL held.
 *
 * Return: microseconds, 0 if unknown.
 */
u64 request_notice_us(void);

/**
 * wait_for_hints() - wait as long as it pays
 * @wait:      limits, from hint_wait_for()
 * @pass:      of the migration
 * @notice_us: microseconds until the guest polls, for a warning if that is too late
 *
 * Drops the BQL meanwhile. Looks at the migration's status every tenth of a second: nobody
 * needs the hints of a migration that was cancelled, and its end waits for this thread.
 *
 * Context: BQL held, in a hold (bql_hold.h).
 */
void wait_for_hints(struct hint_wait wait, u32 pass, u64 notice_us);

#endif /* FREEHINT_WAIT_FOR_HINTS_H */
