/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches a migration to its end, and cancels it on Ctrl-C where that harms no guest.
 */
#ifndef FREEHINT_CLI_MIGRATE_WATCH_H
#define FREEHINT_CLI_MIGRATE_WATCH_H

#include <jansson.h>

#include "../qmp/qmp_call.h"
#include "migration_state.h"

/**
 * enum watch_end - why the watch ended
 * @WATCH_ENDED: the migration ended
 * @WATCH_DETACHED: the user ended the watch; the migration continues, as far as it is known
 * @WATCH_LOST: QEMU does not answer any more, or not what can be read
 * @WATCH_REPLACED: another QEMU answers, which has not begun a migration
 */
enum watch_end {
	WATCH_ENDED,
	WATCH_DETACHED,
	WATCH_LOST,
	WATCH_REPLACED,
};

/**
 * struct migrate_watch - a watched migration
 * @call:      connection; replaced when it breaks
 * @quiet:     show no progress
 * @before:    bytes that the extension had skipped before this migration
 *
 * @last:      last answer to query-migrate that could be read, NULL before the first
 * @state:     state in that answer, or the last one before; NULL: none yet
 * @ran_on_destination: the guest has run on the destination
 *
 * The rest is private to migrate_watch.c:
 *
 * @since_us:  when the state was entered, monotonic microseconds
 * @unreadable_us: when the first of the answers came that could not be read; 0: none
 * @hint_printed: the hint for this state was printed
 * @early:     queries of a completed migration that had no times yet
 * @handled:    the first interrupt was handled
 * @cancel_wanted:      the user wants to cancel, and it was not done yet
 * @explained: the reason why it was not done was printed
 */
struct migrate_watch {
	struct qmp_call *call;
	bool quiet;
	double before;

	json_t *last;
	const struct migration_state *state;
	bool ran_on_destination;

	u64 since_us;
	u64 unreadable_us;
	bool hint_printed;
	unsigned int early;
	bool handled;
	bool cancel_wanted;
	bool explained;
};

/**
 * migrate_watch() - watch until the migration ends or the user ends the watch
 * @watch: first group filled, the rest zero; the caller releases @last
 *
 * The first interrupt cancels when that is safe, otherwise the reason is printed. Another
 * interrupt, half a second later or more, ends the watch, also while QEMU does not answer.
 * interrupts_catch() notes them.
 *
 * Return: why the watch ended.
 */
enum watch_end migrate_watch(struct migrate_watch *watch);

#endif /* FREEHINT_CLI_MIGRATE_WATCH_H */
