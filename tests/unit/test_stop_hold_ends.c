// SPDX-License-Identifier: GPL-2.0
/*
 * What ends a hold of the stop, and what does not. The administrator's downtime limit is back
 * whatever ends it.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/stop_hold_rig.h */
#include "tests/unit/stop_hold_rig.h"

/* The guest has rebooted, or its device decodes no memory: what was taken off stays off. */
static void a_round_that_ends_early_ends_no_hold(void **state)
{
	begin_held();
	precopy_close(false);
	fake.remaining--;
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

/* The peer whose round ends early while QEMU waits for the rest of its hints. */
static void *hint_and_close(void *opaque)
{
	wait_open();
	hint_now();
	precopy_close(false);
	return NULL;
}

static void a_round_that_ends_early_in_the_wait_is_held(void **state)
{
	pthread_t peer;

	last = false;
	assert_int_equal(pthread_create(&peer, NULL, hint_and_close, NULL), 0);
	begin_migration();
	assert_int_equal(pthread_join(peer, NULL), 0);
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	fake.remaining--;
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

/* Nothing tells of it in QEMU 7.2 to 10.2 but that the guest runs no more. */
static void a_switch_to_postcopy_ends_the_hold(void **state)
{
	begin_held();
	precopy_close(true);
	fake.running = false;
	fake.remaining--;
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	fake.running = true;
}

static void the_end_of_a_migration_puts_the_limit_back(void **state)
{
	/* QEMU had no bandwidth yet when the pass was over: the next sync is the last */
	begin_held();
	fake.running = false;
	fake_notify(QEMU_PRECOPY_COMPLETE);
	sync_at_once();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	/* cancelled or failed */
	fake.running = true;
	begin_held();
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

static void the_end_of_reporting_puts_the_limit_back(void **state)
{
	begin_held();
	precopy_stop();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

static void a_limit_that_somebody_sets_meanwhile_stays(void **state)
{
	begin_held();
	fake.downtime_ms = 500;
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, 500);
}

/* Another device has more to send, or the link is dead: QEMU would sync for ever or never. */
static void a_hold_ends_when_nothing_is_sent_any_more(void **state)
{
	int i;

	begin_held();
	for (i = 0; i < 100; i++) {
		fake.remaining--;
		fake_time_passes();
		assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	}
	for (i = 0; i < 19; i++)
		fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	assert_false(fake.timer_set);
}

/* 4096 bytes saved, and 8 Mbit/s are 1000 bytes in a millisecond. */
static void a_hold_ends_where_hints_save_less_than_the_stop_may_take(void **state)
{
	begin_held();
	fake.mbps = 0.1;
	fake.remaining--;
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	fake.mbps = 8;
	fake.remaining--;
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

static void the_timer_of_an_old_hold_changes_nothing(void **state)
{
	begin_held();
	stop_hold_end();
	fake.downtime_ms = FREEHINT_STOP_HOLD_MS;
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

RUN_TESTS(init_all, finish,
		HOLD_TEST(a_round_that_ends_early_ends_no_hold),
		HOLD_TEST(a_round_that_ends_early_in_the_wait_is_held),
		HOLD_TEST(a_switch_to_postcopy_ends_the_hold),
		HOLD_TEST(the_end_of_a_migration_puts_the_limit_back),
		HOLD_TEST(the_end_of_reporting_puts_the_limit_back),
		HOLD_TEST(a_limit_that_somebody_sets_meanwhile_stays),
		HOLD_TEST(a_hold_ends_when_nothing_is_sent_any_more),
		HOLD_TEST(a_hold_ends_where_hints_save_less_than_the_stop_may_take),
		HOLD_TEST(the_timer_of_an_old_hold_changes_nothing),
)
