/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The migration thread waits for the hints of the round that it has opened.
 */
#ifndef FREEHINT_WAIT_FOR_HINTS_H
#define FREEHINT_WAIT_FOR_HINTS_H

#include "hint_wait.h"

/**
 * wait_for_hints() - wait as long as it pays
 * @wait:      limits, from hint_wait_for()
 * @pass:      of the migration
 * @notice_us: microseconds until the guest polls, for a warning if that is too late
 *
 * Drops the BQL meanwhile. Looks at the migration's status between two slices of a wait.
 *
 * Context: BQL held, between bql_time_start() and bql_time_end().
 */
void wait_for_hints(struct hint_wait wait, u32 pass, u64 notice_us);

#endif /* FREEHINT_WAIT_FOR_HINTS_H */
