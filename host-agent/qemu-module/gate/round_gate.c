// SPDX-License-Identifier: GPL-2.0
/*
 * The round gate: which round is open and what is queued for it.
 *
 * Invariant: nothing of a round is applied after the round was closed.
 *
 * Three threads meet here. The migration thread opens the gate after a bitmap sync and closes
 * it before the next. The main loop queues ranges that arrived by QMP. The apply thread
 * dequeues them and clears them in QEMU's dirty bitmap.
 *
 * Only the apply thread waits for QEMU's bitmap lock, which the migration thread holds for up
 * to 50 ms at a time while it sends. Waiting for it with the BQL held would freeze the
 * guest's devices. So the apply thread holds neither the BQL nor the gate's lock then.
 *
 * What dropping the gate's lock invalidates: the round may be closed while a range is applied.
 * @applying is set before the lock is dropped, and gate_close(true) waits until it is clear.
 * Ranges are taken from the queue in batches, because the lock costs more than clearing one
 * page. Before each range the apply thread looks whether the round is still @live. Long ranges are
 * split: every call may block on bitmap_mutex, and the closer, which waits for the call in flight,
 * may hold the BQL.
 *
 * Why not compare round ids only: the id could be checked, then the sync happen, then the
 * apply thread clear a bit that the sync has just set. docs/extension.md, section round_gate.c,
 * has the steps of both threads.
 */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/shm_layout.h"
#include "../../common/cancel_poll.h"
#include "../../common/clock.h"
#include "id_base.h"
#include "round_gate.h"

/* Interval at which the apply thread checks for the guest's seal while a round is open. */
#define SEAL_POLL_US	1000

/*
 * @live is the id of the open round, or FREEHINT_NO_ROUND. The apply thread also reads it
 * without the lock.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;	/* wakes up the apply thread */
	pthread_cond_t done;	/* wakes up threads that wait for the apply thread */
	enum gate_state state;
	bool applying;
	u64 live;
	u64 next_id;
	struct range_queue queue;
	struct gate_round now;
	struct round_history history;
	struct freehint_counters counters;
} gate = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static int random_base(void)
{
	gate.next_id = id_base_draw();
	return gate.next_id ? 0 : -EIO;
}

static void init_conds(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&gate.work, &attr);
	pthread_cond_init(&gate.done, &attr);
	pthread_condattr_destroy(&attr);
}

int gate_init(void)
{
	int ret;

	if (gate.queue.slot)
		return 0;
	ret = random_base();
	if (ret)
		return ret;
	ret = range_queue_init(&gate.queue);
	if (ret)
		return ret;
	init_conds();
	return 0;
}

static u64 since_sync(void)
{
	u64 us = clock_us() - gate.now.sync_us;

	/* 0 means "has not happened" */
	return us ? us : 1;
}

static void set_live_locked(u64 id)
{
	__atomic_store_n(&gate.live, id, __ATOMIC_SEQ_CST);
}

void gate_begin_migration(void)
{
	pthread_mutex_lock(&gate.lock);
	memset(&gate.now, 0, sizeof(gate.now));
	memset(&gate.history, 0, sizeof(gate.history));
	pthread_mutex_unlock(&gate.lock);
}

u64 gate_open(u32 pass, u64 sync_us)
{
	u64 id;

	pthread_mutex_lock(&gate.lock);
	memset(&gate.now, 0, sizeof(gate.now));
	id = gate.next_id++;
	gate.now.id = id;
	gate.now.pass = pass;
	gate.now.sync_us = sync_us;
	range_queue_restart(&gate.queue);
	gate.state = GATE_OPEN;
	set_live_locked(id);
	gate.counters.rounds++;
	pthread_cond_signal(&gate.work);
	pthread_mutex_unlock(&gate.lock);
	return id;
}

void gate_published(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.now.request_us = since_sync();
	pthread_mutex_unlock(&gate.lock);
}

static void end_round_locked(void)
{
	round_history_add(&gate.history, &gate.now);
	if (!gate.now.accepted)
		gate.counters.rounds_empty++;
}

void gate_close(bool wait)
{
	pthread_mutex_lock(&gate.lock);
	if (gate.state != GATE_CLOSED) {
		gate.state = GATE_CLOSED;
		set_live_locked(FREEHINT_NO_ROUND);
		gate.counters.pages_late += range_queue_drop(&gate.queue);
		end_round_locked();
		pthread_cond_broadcast(&gate.done);
	}
	while (wait && gate.applying)
		pthread_cond_wait(&gate.done, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static bool hints_complete_locked(void)
{
	return gate.state == GATE_CLOSED ||
	       (gate.now.last_seen && range_queue_is_empty(&gate.queue) && !gate.applying);
}

static struct timespec to_timespec(u64 us)
{
	return (struct timespec) {
		.tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000,
	};
}

/* Grows in a round whenever something is queued, taken or applied. */
static u64 progress_locked(void)
{
	return gate.queue.head + gate.queue.tail + gate.now.accepted;
}

static bool is_cancelled_locked(struct cancel_poll *poll)
{
	bool cancelled;

	pthread_mutex_unlock(&gate.lock);
	cancelled = cancel_poll_ask(poll);
	pthread_mutex_lock(&gate.lock);
	return cancelled;
}

/* Return: false if nothing was queued and nothing applied until @until, or it is cancelled. */
static bool wait_for_progress_locked(u64 until, struct cancel_poll *poll)
{
	u64 before = progress_locked();
	struct timespec at;

	while (!hints_complete_locked() && before == progress_locked()) {
		if (cancel_poll_is_due(poll)) {
			if (is_cancelled_locked(poll))
				return false;
			continue;	/* the lock was dropped, so all may have changed */
		}
		at = to_timespec(poll->cancelled && poll->next_us < until ? poll->next_us : until);
		if (pthread_cond_timedwait(&gate.done, &gate.lock, &at) && clock_us() >= until)
			return before != progress_locked();
	}
	return true;
}

u64 gate_wait(u64 idle_us, u64 total_us, bool (*cancelled)(void))
{
	u64 start = clock_us(), now = start, end = start + total_us, cleared;
	struct cancel_poll poll = cancel_poll_begin(cancelled);

	pthread_mutex_lock(&gate.lock);
	cleared = gate.now.cleared;
	/* If less than idle_us is left, only total_us can end the wait. */
	while (!hints_complete_locked() && now < end &&
	       wait_for_progress_locked(end - now < idle_us ? end : now + idle_us, &poll))
		now = clock_us();
	now = clock_us();
	gate.now.waited_us += now - start;
	cleared = now < end || hints_complete_locked() ? 0 : gate.now.cleared - cleared;
	pthread_mutex_unlock(&gate.lock);
	return cleared;
}

bool gate_was_answered(void)
{
	bool answered;

	pthread_mutex_lock(&gate.lock);
	answered = gate.now.last_seen;
	pthread_mutex_unlock(&gate.lock);
	return answered;
}

static enum gate_answer check_locked(u64 round, u32 count)
{
	if (gate.state == GATE_CLOSED)
		return GATE_NO_ROUND;
	if (round != gate.now.id)
		return GATE_STALE;
	if (count <= range_queue_room(&gate.queue))
		return GATE_QUEUED;
	/* Whoever sends more than there is room for has given up: see gate_room(). */
	gate.now.last_seen = true;
	pthread_cond_broadcast(&gate.done);
	return GATE_FULL;
}

enum gate_answer gate_check(u64 round, u32 count, u64 *current)
{
	enum gate_answer answer;

	pthread_mutex_lock(&gate.lock);
	answer = check_locked(round, count);
	*current = gate.now.id;
	pthread_mutex_unlock(&gate.lock);
	return answer;
}

u32 gate_room(u64 round)
{
	u32 room = 0;

	pthread_mutex_lock(&gate.lock);
	if (gate.state == GATE_OPEN && round == gate.now.id)
		room = range_queue_room(&gate.queue);
	pthread_mutex_unlock(&gate.lock);
	return room;
}

enum gate_answer gate_queue(u64 round, const struct gate_range *range, u32 count, bool last,
			    u64 *current)
{
	enum gate_answer answer;

	pthread_mutex_lock(&gate.lock);
	answer = check_locked(round, count);
	*current = gate.now.id;
	if (answer == GATE_QUEUED) {
		range_queue_add(&gate.queue, round, range, count);
		if (!gate.now.command_us)
			gate.now.command_us = since_sync();
		gate.now.last_seen |= last;
		pthread_cond_signal(&gate.work);
		/* "last" with an empty queue also ends a wait. */
		pthread_cond_broadcast(&gate.done);
	}
	pthread_mutex_unlock(&gate.lock);
	return answer;
}

static void check_seal_locked(int (*sealed)(u64 round))
{
	if (gate.state == GATE_CLOSED || gate.now.seal_us || sealed(gate.now.id))
		return;
	gate.now.seal_us = since_sync();
	gate.counters.rounds_sealed++;
}

/* Return: true if there is a range to apply. */
static bool wait_for_work_locked(int (*sealed)(u64 round))
{
	struct timespec until;

	check_seal_locked(sealed);
	if (gate.state == GATE_OPEN && !range_queue_is_empty(&gate.queue))
		return true;
	if (gate.state == GATE_CLOSED || gate.now.seal_us) {
		pthread_cond_wait(&gate.work, &gate.lock);
		return false;
	}
	until = to_timespec(clock_us() + SEAL_POLL_US);
	pthread_cond_timedwait(&gate.work, &gate.lock, &until);
	return false;
}

static void account_locked(u64 round, const struct range_result *done)
{
	gate.counters.pages_accepted += done->pages;
	gate.counters.pages_cleared += done->cleared;
	gate.counters.bytes_skipped += done->cleared << FREEHINT_PAGE_SHIFT;
	gate.counters.pages_late += done->late;
	/* A round that was closed without waiting may have been replaced by the next. */
	if (gate.now.id != round || !done->pages)
		return;
	if (gate.state == GATE_CLOSED && !gate.now.accepted)
		gate.counters.rounds_empty--;
	gate.now.accepted += done->pages;
	gate.now.cleared += done->cleared;
	gate.now.last_us = since_sync();
	if (!gate.now.first_us)
		gate.now.first_us = gate.now.last_us;
	/* It was closed meanwhile, and its record lacks the batch. */
	if (gate.state == GATE_CLOSED)
		round_history_correct(&gate.history, &gate.now);
}

static void apply_some_locked(u64 (*apply)(const struct gate_range *range))
{
	u64 round = gate.now.id;
	struct range_batch batch;
	struct range_result done;

	range_queue_take(&gate.queue, &batch);
	gate.applying = true;
	pthread_mutex_unlock(&gate.lock);
	done = range_batch_apply(&batch, &gate.live, round, apply);
	pthread_mutex_lock(&gate.lock);
	gate.applying = false;
	account_locked(round, &done);
	pthread_cond_broadcast(&gate.done);
}

void gate_run(u64 (*apply)(const struct gate_range *range), int (*sealed)(u64 round))
{
	pthread_mutex_lock(&gate.lock);
	for (;;)
		if (wait_for_work_locked(sealed))
			apply_some_locked(apply);
}

void gate_view(struct gate_view *view)
{
	pthread_mutex_lock(&gate.lock);
	view->state = gate.state;
	view->now = gate.now;
	view->first = gate.history.count ? gate.history.first : gate.now;
	view->counters = gate.counters;
	pthread_mutex_unlock(&gate.lock);
}

u32 gate_past(struct gate_round *past)
{
	u32 count;

	pthread_mutex_lock(&gate.lock);
	count = round_history_copy(&gate.history, past);
	pthread_mutex_unlock(&gate.lock);
	return count;
}

void gate_add(size_t offset, u64 n)
{
	pthread_mutex_lock(&gate.lock);
	*(u64 *)((u8 *)&gate.counters + offset) += n;
	pthread_mutex_unlock(&gate.lock);
}

void gate_count_bql(u64 us)
{
	pthread_mutex_lock(&gate.lock);
	gate.counters.bql_total_us += us;
	if (us > gate.counters.bql_max_us)
		gate.counters.bql_max_us = us;
	pthread_mutex_unlock(&gate.lock);
}
