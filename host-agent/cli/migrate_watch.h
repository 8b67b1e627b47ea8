/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches a migration to its end, and cancels it on Ctrl-C where that harms no guest.
 */
#ifndef FREEHINT_CLI_MIGRATE_WATCH_H
#define FREEHINT_CLI_MIGRATE_WATCH_H

#include <jansson.h>

#include "migration_state.h"
#include "qmp_call.h"

/**
 * enum watch_end - why the watch is over
 * @WATCH_OVER: the migration is
 * @WATCH_LEFT: whoever watches wants to go, the migration goes on
 * @WATCH_LOST: QEMU does not answer any more
 */
enum watch_end {
	WATCH_OVER,
	WATCH_LEFT,
	WATCH_LOST,
};

/**
 * struct migrate_watch - a watched migration
 * @call:      connection; replaced when it breaks
 * @socket:    where to find it again
 * @quiet:     show no progress
 * @before:    bytes that the extension had skipped before this migration
 *
 * @last:      answer to the last query-migrate, NULL before the first
 * @state:     what it says
 * @there:     the guest has run on the destination
 *
 * @since_us, @told, @early, @heeded, @heeded_us, @wish, @explained: the watch's own: when
 * the state began, its hint was given, looks at a completed migration without its times,
 * interrupts that were heeded and when, a cancellation that is wanted but not done, the
 * reason was given why not
 */
struct migrate_watch {
	struct qmp_call *call;
	const char *socket;
	bool quiet;
	double before;

	json_t *last;
	const struct migration_state *state;
	bool there;

	u64 since_us;
	bool told;
	unsigned int early;
	unsigned int heeded;
	u64 heeded_us;
	bool wish;
	bool explained;
};

/**
 * migrate_watch() - until the migration is over, or the watcher has enough
 * @watch: first group filled, the rest zero; give @last back after that
 *
 * The first interrupt cancels when that is safe, else says why not; another one, half a
 * second later or more, ends the watch. interrupts_catch() counts them.
 */
enum watch_end migrate_watch(struct migrate_watch *watch);

#endif /* FREEHINT_CLI_MIGRATE_WATCH_H */
