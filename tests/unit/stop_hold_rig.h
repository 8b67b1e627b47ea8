/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of stop_hold.c have in common: a peer that hints while QEMU waits, and
 * migrations with and without a hold.
 */
#ifndef FREEHINT_TEST_STOP_HOLD_RIG_H
#define FREEHINT_TEST_STOP_HOLD_RIG_H

#include <unistd.h>

#include "tests/unit/precopy_rig.h"

#include "host-agent/qemu-module/round/stop_hold.h"

#define LIMIT_MS	300
#define PATIENCE_US	(60 * 1000000ULL)

static const char *why;
/* Dirty pages that a range turns out to have. */
static u64 dirty;
/* The peer's next command is its last one of the round. */
static bool last;

static u64 clear(const struct gate_range *range)
{
	return dirty;
}

static void *apply_thread(void *opaque)
{
	gate_run(clear, never_sealed);
	return NULL;
}

static int start_applying(void)
{
	pthread_t applier;

	return pthread_create(&applier, NULL, apply_thread, NULL) ||
	       pthread_detach(applier);
}

static int init_all(void **state)
{
	return init(state) || start_applying();
}

static int setup_waiting(void **state)
{
	static const struct precopy_limits patient = {
		.first_wait_us = PATIENCE_US,
		.later_wait_us = 1000,
	};

	begin(&patient);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	fake.downtime_ms = LIMIT_MS;
	dirty = 1;
	last = true;
	assert_true(reporting_start(&why));
	return 0;
}

#define HOLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup_waiting, teardown)

/* A range of the open round, which is applied before this returns. */
static void hint_now(void)
{
	const struct gate_range range = { .hva = shm, .len = 4096 };
	struct gate_view view;
	u64 accepted, current;

	gate_view(&view);
	accepted = view.now.accepted;
	assert_int_equal(gate_queue(view.now.id, &range, 1, last, &current), GATE_QUEUED);
	do {
		usleep(100);
		gate_view(&view);
	} while (view.now.accepted == accepted);
}

static void wait_open(void)
{
	struct gate_view view;

	do {
		usleep(100);
		gate_view(&view);
	} while (view.state != GATE_OPEN);
}

/* The peer: it hints one page in the round that it finds open, and says that this was all. */
static void *hint_once(void *opaque)
{
	wait_open();
	hint_now();
	return NULL;
}

/* A migration, and @peer while QEMU waits for its hints. Return: as begin_migration() */
static u64 begin_beside(void *(*peer)(void *opaque))
{
	pthread_t thread;
	u64 round;

	assert_int_equal(pthread_create(&thread, NULL, peer, NULL), 0);
	round = begin_migration();
	assert_int_equal(pthread_join(thread, NULL), 0);
	return round;
}

/* A migration whose first round is answered with a page, dirty or not. */
static void begin_hinted(void)
{
	assert_true(begin_beside(hint_once) != FREEHINT_NO_ROUND);
}

/* The next look at the pass, and QEMU has sent something since the one before. */
static inline void look_after_sending(void)
{
	fake.remaining--;
	fake_time_passes();
}

static void begin_held(void)
{
	begin_hinted();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

#endif /* FREEHINT_TEST_STOP_HOLD_RIG_H */
