/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The round gate: which round is open and what is queued for it. Nothing of a round is applied
 * after the round was closed.
 *
 * Context, unless noted: any thread; takes the gate's lock, may be called with the BQL held.
 */
#ifndef FREEHINT_ROUND_GATE_H
#define FREEHINT_ROUND_GATE_H

#include <pthread.h>

#include "../../../include/freehint/types.h"
#include "counters.h"
#include "range_queue.h"
#include "round_history.h"

/**
 * enum gate_state - state of the gate
 * @GATE_CLOSED: no round is open. Nothing is queued, nothing is applied. Only gate_open()
 *               leaves this state.
 * @GATE_OPEN:   queued ranges are applied. gate_close() leaves this state.
 */
enum gate_state {
	GATE_CLOSED,
	GATE_OPEN,
};

/**
 * struct gate_view - a consistent copy for x-query-freehint
 * @state:    of the gate
 * @now:      the open or the last round of the last migration
 * @first:    its first round
 * @counters: all counters
 */
struct gate_view {
	enum gate_state state;
	struct gate_round now;
	struct gate_round first;
	struct freehint_counters counters;
};

/**
 * enum gate_answer - result of gate_check() and gate_queue()
 * @GATE_QUEUED:   the ranges are queued, or would be
 * @GATE_STALE:    another round is open
 * @GATE_NO_ROUND: no round is open
 * @GATE_FULL:     there is no room for so many; FREEHINT_MAX_QUEUED ranges can be queued
 */
enum gate_answer {
	GATE_QUEUED,
	GATE_STALE,
	GATE_NO_ROUND,
	GATE_FULL,
};

/**
 * gate_init() - allocate the queue and choose the first round id
 *
 * Idempotent. Round ids are a random 62-bit base, chosen once per process, plus a counter. So
 * an id of another process, host or time does not match.
 *
 * Context: BQL held; takes no lock.
 *
 * Return: 0, -ENOMEM, or -EIO if getrandom() fails.
 */
int gate_init(void);

/**
 * gate_begin_migration() - forget the rounds of the migration before
 *
 * Call it in the first sync, whether or not a round will open. No round is open.
 */
void gate_begin_migration(void);

/**
 * gate_open() - open a round
 * @pass:    pass of the migration
 * @sync_us: clock_us() at the end of the sync
 *
 * Call it when the dirty log is armed and QEMU's setup of this migration is over: until then
 * QEMU uses the dirty bitmap without its lock. The caller then publishes the id and calls
 * gate_published().
 *
 * Return: the id, never used before in the life of this VM.
 */
u64 gate_open(u32 pass, u64 sync_us);

/** gate_published() - record when the request was published to the guest */
void gate_published(void);

/**
 * gate_close() - close the round and drop what is still queued for it
 * @wait: also wait until a range that is just being applied is done
 *
 * With @wait nothing of the round touches the dirty bitmap after the return. Use it before
 * the bitmap is synced or freed. It waits for the one call in flight. In the migration thread
 * bitmap_mutex is free: microseconds. In auto-converge's timer (10.0 and later) it is not: up to
 * 50 ms under the BQL; the timer's own sync waits as long. Without @wait the caller may hold the
 * BQL while another thread sends.
 */
void gate_close(bool wait);

/**
 * gate_wait() - wait for the hints of the open round
 * @idle_us:   stop when no range was queued and none applied for this time
 * @total_us:  stop after this time
 * @cancelled: asked now and then whether to stop, without the gate's lock; NULL: never
 *
 * The wait ends when the peer has sent "last" and the queue is empty, when the round is closed,
 * when the time is over, or when @cancelled says so.
 *
 * Context: BQL not held.
 *
 * Return: dirty pages that were cleared meanwhile if it was stopped by @total_us, 0 otherwise.
 */
u64 gate_wait(u64 idle_us, u64 total_us, bool (*cancelled)(void));

/** gate_was_answered() - did the latest round of this migration get its "last" in time? */
bool gate_was_answered(void);

/**
 * gate_check() - would gate_queue() accept @count ranges of this round?
 * @round:   round that the ranges belong to
 * @count:   number of ranges
 * @current: set to the latest id, open or closed
 *
 * Refuses cheaply what is late or too much, before the ranges are checked.
 */
enum gate_answer gate_check(u64 round, u32 count, u64 *current);

/**
 * gate_queue() - queue ranges for the apply thread
 * @round: round that they belong to
 * @range: ranges; copied
 * @count: number of ranges
 * @last:  no more ranges will come for this round
 * @current: set to the latest id, open or closed
 *
 * All or nothing. FREEHINT_MAX_QUEUED ranges can wait for the apply thread. GATE_FULL also
 * ends a wait for the round's last ranges: a peer that knows of gate_room() does not get it.
 */
enum gate_answer gate_queue(u64 round, const struct gate_range *range, u32 count, bool last,
			    u64 *current);

/**
 * gate_room() - how many ranges of this round can be queued now?
 *
 * Return: number of ranges, 0 if the round is not open. It grows as ranges are applied.
 */
u32 gate_room(u64 round);

/**
 * gate_run() - body of the apply thread; does not return
 * @apply:  clears one range in QEMU's dirty bitmap and returns how many of its pages were
 *          dirty; called without the gate's lock
 * @sealed: returns 0 if the guest has sealed the round; called with the gate's lock, so it
 *          must only read
 *
 * Context: the apply thread, BQL not held.
 */
void gate_run(u64 (*apply)(const struct gate_range *range), int (*sealed)(u64 round));

/** gate_view() - copy state, rounds and counters */
void gate_view(struct gate_view *view);

/**
 * gate_past() - copy the closed rounds of the last migration
 * @past: array of GATE_PAST entries, filled from the oldest to the latest
 *
 * Return: number of rounds copied.
 */
u32 gate_past(struct gate_round *past);

/** gate_count() - add to a counter; @member of struct freehint_counters */
#define gate_count(member, n) gate_add(offsetof(struct freehint_counters, member), n)

/**
 * gate_add() - what gate_count() calls
 * @offset: of the counter in struct freehint_counters
 * @n:      added
 */
void gate_add(size_t offset, u64 n);

/** gate_count_bql() - add time spent with the BQL held, microseconds */
void gate_count_bql(u64 us);

#endif /* FREEHINT_ROUND_GATE_H */
