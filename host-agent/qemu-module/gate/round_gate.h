/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The round gate: which round is open, what is queued for it, and the promise that
 * nothing of a round is applied after it was closed.
 */
#ifndef FREEHINT_ROUND_GATE_H
#define FREEHINT_ROUND_GATE_H

#include <pthread.h>

#include "../../../include/freehint/types.h"
#include "counters.h"

/**
 * enum gate_state - life of a round
 * @GATE_CLOSED: no round. Nothing is queued, nothing is applied. Left by gate_open()
 *               only.
 * @GATE_OPEN:   queued ranges are applied. Left by gate_close().
 */
enum gate_state {
	GATE_CLOSED,
	GATE_OPEN,
	GATE_STATES,
};

/**
 * struct gate_range - one range on its way to the dirty bitmap
 * @hva: host address, page aligned
 * @len: bytes, a multiple of a page
 * @gpa: guest physical address of the same; for the map of what was hinted only
 * @round: what gate_queue() was told; for the audit only
 */
struct gate_range {
	void *hva;
	u64 len;
	u64 gpa;
	u64 round;
};

/**
 * struct gate_round - a round and its times, for x-query-freehint
 * @id:          round id, FREEHINT_NO_ROUND before the first round
 * @pass:        pass of the migration, from 1
 * @sync_us:     clock_us() when the sync was over; the others
 *               are microseconds since then, 0 while they have not happened
 * @request_us:  the round was published to the guest
 * @command_us:  the first mark-clean arrived
 * @seal_us:     the guest had sealed it
 * @first_us:    the first range was in the dirty bitmap
 * @last_us:     the last one so far
 * @waited_us:   how long the migration thread waited for the first hints
 * @accepted:    pages applied
 * @cleared:     pages of them that were dirty before
 * @last_seen:   the peer said that there is no more
 */
struct gate_round {
	u64 id;
	u32 pass;
	u64 sync_us;
	u64 request_us;
	u64 command_us;
	u64 seal_us;
	u64 first_us;
	u64 last_us;
	u64 waited_us;
	u64 accepted;
	u64 cleared;
	bool last_seen;
};

/**
 * struct gate_view - a consistent copy for x-query-freehint
 * @state:    of the gate
 * @now:      the open or the last round
 * @first:    the first round of the last migration
 * @counters: all counters
 */
struct gate_view {
	enum gate_state state;
	struct gate_round now;
	struct gate_round first;
	struct freehint_counters counters;
};

/**
 * enum gate_answer - what gate_queue() says
 */
enum gate_answer {
	GATE_QUEUED,
	GATE_STALE,
	GATE_NO_ROUND,
	GATE_FULL,
};

/**
 * gate_init() - allocate the queue and draw the first round id
 *
 * Idempotent. Round ids are a random 62-bit base drawn once per process plus a
 * counter, so an id of another process, host or time does not match.
 *
 * Return: 0, -ENOMEM, or negative errno of getrandom().
 */
int gate_init(void);

/**
 * gate_open() - begin a round
 * @pass:    pass of the migration
 * @sync_us: clock_us() when the sync was over
 *
 * The dirty log is armed, and QEMU's setup of this migration is over: until then it
 * uses the dirty bitmap without its lock. The caller publishes the id afterwards, then
 * calls gate_published().
 *
 * Return: the id, never used before in the life of this VM.
 */
u64 gate_open(u32 pass, u64 sync_us);

/** gate_published() - the guest has been asked */
void gate_published(void);

/**
 * gate_close() - end the round; what is still queued for it is dropped
 * @wait: also wait until a range that is just being applied is done
 *
 * With @wait nothing of the round touches the dirty bitmap after the return. It
 * must be used where the bitmap is about to be synced or freed; QEMU's bitmap lock
 * is free there, so the wait is that of one call. Without it the caller may hold
 * the BQL while another thread sends.
 */
void gate_close(bool wait);

/**
 * gate_wait() - let the hints of the open round arrive
 * @idle_us:  give up when no range came and none was applied for so long
 * @total_us: give up after so long in any case
 *
 * Returns when the peer said "last" and the queue is empty, when the round is
 * closed, or when the time is up.
 *
 * Context: BQL not held.
 */
void gate_wait(u64 idle_us, u64 total_us);

/** gate_was_answered() - did the latest round get its "last" before it was closed? */
bool gate_was_answered(void);

/**
 * gate_check() - would gate_queue() take @count ranges of this round?
 *
 * A cheap no for what has come too late or is too much, before it is read.
 */
enum gate_answer gate_check(u64 round, u32 count, u64 *current);

/**
 * gate_queue() - hand ranges to the apply thread
 * @round: round they belong to
 * @range: ranges; copied
 * @count: how many
 * @last:  no more will come for this round
 * @current: filled with the latest id, open or closed
 *
 * All or nothing. A round takes FREEHINT_MAX_QUEUED ranges in all; GATE_FULL also
 * ends a wait for its last ones.
 */
enum gate_answer gate_queue(u64 round, const struct gate_range *range, u32 count, bool last,
			    u64 *current);

/**
 * gate_run() - body of the apply thread; does not return
 * @apply:  clears one range in QEMU's dirty bitmap, returns how many pages of it
 *          were dirty; called without the gate's lock
 * @sealed: returns 0 once the guest has sealed the round; called with the lock, so
 *          it only reads
 */
void gate_run(u64 (*apply)(const struct gate_range *range), int (*sealed)(u64 round));

/** gate_view() - copy state, rounds and counters */
void gate_view(struct gate_view *view);

/* Rounds of a migration that are remembered: the latest. */
#define GATE_PAST	64

/**
 * gate_past() - copy the closed rounds of the last migration
 * @past: room for GATE_PAST of them, the latest last
 *
 * Return: how many there are.
 */
u32 gate_past(struct gate_round *past);

/** gate_count() - add to a counter; @member of struct freehint_counters */
#define gate_count(member, n) gate_add(offsetof(struct freehint_counters, member), n)
void gate_add(size_t offset, u64 n);

/** gate_count_bql() - time spent under the BQL, microseconds */
void gate_count_bql(u64 us);

#endif /* FREEHINT_ROUND_GATE_H */
