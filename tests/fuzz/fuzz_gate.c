// SPDX-License-Identifier: GPL-2.0
/*
 * The round gate against a model of it, in any order of calls: rounds opened and
 * closed, ranges queued, applied piece by piece, and calls of the migration thread and
 * of the main loop while a range is being applied.
 *
 * One thread plays all three. A wait for a condition ends the call that waits: for
 * the apply thread that is "nothing to do", for gate_close() it is "waits for the
 * apply thread", which is what the model wants to know.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>

#include "fuzz.h"
#include "include/freehint/limits.h"

static int fake_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
static int fake_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
			  const struct timespec *until);

#define pthread_cond_wait(cond, lock)		fake_wait(cond, lock)
#define pthread_cond_timedwait(cond, lock, at)	fake_timedwait(cond, lock, at)

/* So small that it is full now and then. */
#undef FREEHINT_MAX_QUEUED
#define FREEHINT_MAX_QUEUED	24
#undef FREEHINT_APPLY_RANGES
#define FREEHINT_APPLY_RANGES	5
/* Some ranges are longer, and are applied in pieces. */
#undef FREEHINT_APPLY_BYTES
#define FREEHINT_APPLY_BYTES	(APPLY_PAGES << FREEHINT_PAGE_SHIFT)
#define APPLY_PAGES		4ULL

#include "host-agent/qemu-module/gate/range_queue.c"
#include "host-agent/qemu-module/gate/round_gate.c"
#include "host-agent/qemu-module/gate/round_history.c"

/* A queue that is full, and a batch. */
#define MAX_QUEUE	32

/**
 * struct model - what the gate ought to be
 * @state:    as in the gate
 * @id:       of the open or the last round
 * @earlier:  id of the round before it
 * @queue:    ring of numbers of the ranges that were not applied as a whole, @first to @end
 * @done:     pages of @first that were applied
 * @waiting:  the first range that the apply thread has not taken as a whole
 * @pieces:   pieces that it has taken and not applied
 * @room:     pages that fit into its batch besides those that were applied
 * @number:   of the next range
 * @busy:     a range is being applied
 * @accepted: pages
 * @late:     pages
 */
static struct model {
	enum gate_state state;
	u64 id;
	u64 earlier;
	u64 queue[MAX_QUEUE];
	u32 first;
	u32 end;
	u64 done;
	u32 waiting;
	u32 pieces;
	u64 room;
	u64 number;
	bool busy;
	u64 accepted;
	u64 late;
} model;

static struct input input;
static jmp_buf idle, blocked;
static bool may_block;

/* Pages of a range are told by its number, and the number by its address. */
static struct gate_range make_range(u64 number)
{
	return (struct gate_range) {
		.hva = (void *)((number + 1) << FREEHINT_PAGE_SHIFT),
		.len = (1 + number % 7) << FREEHINT_PAGE_SHIFT,
	};
}

static u64 pages_of(u64 number)
{
	return 1 + number % 7;
}

static int fake_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
	if (cond == &gate.done) {
		MUST(may_block && model.busy);
		longjmp(blocked, 1);
	}
	longjmp(idle, 1);
}

/* Nobody comes in time. */
static int fake_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
			  const struct timespec *until)
{
	MUST(until->tv_sec >= 0 && until->tv_nsec < 1000000000);
	if (cond == &gate.done)
		return ETIMEDOUT;
	pthread_mutex_unlock(lock);
	longjmp(idle, 1);
}

static void step(bool nested);

static u64 at_most(u64 pages, u64 most)
{
	return pages < most ? pages : most;
}

/* What the apply thread takes before it applies the first piece of a batch. */
static void take_batch(void)
{
	u64 left = APPLY_PAGES, done = model.done, rest;

	model.room = APPLY_PAGES;
	model.waiting = model.first;
	while (left && model.waiting < model.end && model.pieces < FREEHINT_APPLY_RANGES) {
		rest = pages_of(model.queue[model.waiting % MAX_QUEUE]) - done;
		model.waiting += rest <= left;
		left -= at_most(rest, left);
		model.pieces++;
		done = 0;
	}
}

/* Only what was queued for the open round, in order, each page once. Return: its pages */
static u64 check_piece(const struct gate_range *range)
{
	u64 number = model.queue[model.first % MAX_QUEUE];
	u64 pages = at_most(pages_of(number) - model.done, model.room);

	MUST(range->hva == (u8 *)make_range(number).hva + (model.done << FREEHINT_PAGE_SHIFT));
	MUST(range->len == pages << FREEHINT_PAGE_SHIFT);
	return pages;
}

static u64 apply(const struct gate_range *range)
{
	u64 pages;

	MUST(model.state == GATE_OPEN);
	MUST(model.first < model.end);
	if (!model.pieces)
		take_batch();
	pages = check_piece(range);
	model.pieces--;
	model.room -= pages;
	model.done += pages;
	if (model.done == pages_of(model.queue[model.first % MAX_QUEUE])) {
		model.first++;
		model.done = 0;
	}
	model.busy = true;
	if (take8(&input) & 1)
		step(true);
	model.busy = false;
	model.accepted += pages;
	return pages;
}

static int sealed(u64 round)
{
	MUST(model.state != GATE_CLOSED && round == model.id);
	return take8(&input) & 1 ? 0 : -EAGAIN;
}

/* The apply thread until it has nothing to do. */
static void run_apply_thread(void)
{
	if (!setjmp(idle))
		gate_run(apply, sealed);
	MUST(model.state != GATE_OPEN || model.first == model.end);
}

static void open_round(u8 how)
{
	u64 id;

	/* QEMU syncs, and we close, before a round is opened. */
	if (model.state != GATE_CLOSED || model.busy)
		return;
	id = gate_open(1 + how % 3, 1);
	MUST(id && id <= FREEHINT_ROUND_MAX && (!model.id || id > model.id));
	model.earlier = model.id;
	model.id = id;
	model.state = GATE_OPEN;
	if (how & 0x40)
		gate_published();
}

static void drop_queue(void)
{
	while (model.first < model.end)
		model.late += pages_of(model.queue[model.first++ % MAX_QUEUE]);
	model.late -= model.done;
	model.done = 0;
	model.waiting = model.end;
	model.pieces = 0;
}

/* With @wait a close may only return when nothing is being applied. */
static void close_round(bool wait)
{
	bool waited = false;

	may_block = true;
	if (!setjmp(blocked))
		gate_close(wait);
	else
		waited = true;
	may_block = false;
	MUST(waited == (wait && model.busy));
	if (model.state == GATE_CLOSED)
		return;
	model.state = GATE_CLOSED;
	drop_queue();
}

static u64 some_id(u8 which)
{
	switch (which % 6) {
	case 0:
		return model.earlier;
	case 1:
		return model.id + 1;
	case 2:
		return 0;
	default:
		return model.id;
	}
}

/* What was taken makes room at once. */
static u32 waiting(void)
{
	return model.end - model.waiting;
}

static enum gate_answer expected_answer(u64 id, u32 count)
{
	if (model.state == GATE_CLOSED)
		return GATE_NO_ROUND;
	if (id != model.id)
		return GATE_STALE;
	return count > FREEHINT_MAX_QUEUED - waiting() ? GATE_FULL : GATE_QUEUED;
}

static void queue_ranges(u8 how)
{
	u32 count = how % 13, i;
	struct gate_range ranges[13];
	u64 id = some_id(take8(&input)), current = 0;
	enum gate_answer expected = expected_answer(id, count);

	for (i = 0; i < count; i++)
		ranges[i] = make_range(model.number + i);
	MUST(gate_queue(id, ranges, count, how & 0x80, &current) == expected);
	MUST(current == model.id);
	for (i = 0; expected == GATE_QUEUED && i < count; i++)
		model.queue[model.end++ % MAX_QUEUE] = model.number + i;
	model.number += count;
}

/* A batch is counted at its end. */
static void check_counters(const struct freehint_counters *counters)
{
	if (model.busy) {
		MUST(counters->pages_accepted <= model.accepted);
		MUST(counters->pages_late <= model.late);
	} else {
		MUST(counters->pages_accepted == model.accepted);
		MUST(counters->pages_late == model.late);
	}
}

static void check(u8 which)
{
	u64 id = some_id(which), current = 0;
	u32 count = which / 8;
	struct gate_view view;

	MUST(gate_check(id, count, &current) == expected_answer(id, count));
	MUST(current == model.id);
	if (id == model.id && model.state == GATE_OPEN)
		MUST(gate_room(id) == FREEHINT_MAX_QUEUED - waiting());
	else
		MUST(!gate_room(id));
	gate_view(&view);
	MUST(view.state == model.state);
	MUST(view.now.id == model.id);
	check_counters(&view.counters);
	MUST(view.counters.rounds_sealed <= view.counters.rounds);
}

static void step(bool nested)
{
	u8 what = take8(&input), how = take8(&input);

	switch (what % 8) {
	case 0:
		open_round(how);
		break;
	case 1:
		close_round(how & 1);
		break;
	case 2:
	case 3:
		queue_ranges(how);
		break;
	case 4:
		gate_was_answered();
		break;
	case 5:
		/* Up to two and a half seconds, by the clock that nobody waits for. */
		gate_wait(how * 1000ULL, how * 10000ULL, NULL);
		break;
	case 6:
		check(how);
		break;
	default:
		/* There is one apply thread. */
		if (!nested)
			run_apply_thread();
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	MUST(!gate_init());
	input = (struct input){ data, size };
	close_round(true);
	memset(&model, 0, sizeof(model));
	memset(&gate.now, 0, sizeof(gate.now));
	memset(&gate.counters, 0, sizeof(gate.counters));
	while (input.left)
		step(false);
	check(3);
	return 0;
}
