// SPDX-License-Identifier: GPL-2.0
/*
 * What ends a hold of the stop, what releases it for a while, and what does not. The
 * administrator's downtime limit is back whatever ends it.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/stop_hold_rig.h */
#include "tests/unit/stop_hold_rig.h"

#include "host-agent/common/cancel_poll.h"

/* The guest has rebooted, or its device decodes no memory: what was taken off stays off. */
static void a_round_that_ends_early_ends_no_hold(void **state)
{
	begin_held();
	precopy_close(false);
	look_after_sending();
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
	last = false;
	begin_beside(hint_and_close);
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

/* The peer whose migration is cancelled while QEMU waits for its hints. */
static void *hint_and_cancel(void *opaque)
{
	wait_open();
	/* QEMU has an answer */
	fake.mbps = 0.1;
	fake.status = "cancelling";
	hint_now();
	return NULL;
}

static void a_migration_that_is_cancelled_in_the_wait_is_not_held(void **state)
{
	begin_beside(hint_and_cancel);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	assert_false(fake.timer_set);
}

/* The peer whose migration is cancelled before it has anything to hint. */
static void *only_cancel(void *opaque)
{
	wait_open();
	fake.mbps = 0.1;
	fake.status = "cancelling";
	return NULL;
}

static void a_cancel_ends_a_wait_in_which_nothing_comes(void **state)
{
	struct gate_view view;

	begin_beside(only_cancel);
	gate_view(&view);
	assert_false(view.now.last_seen);
	/* the wait would end when nothing had moved for half of its limit */
	assert_true(view.now.waited_us < PATIENCE_US / 4);
}

static void cancel_while_arming(void *hva, size_t len)
{
	/* more is taken out of the bitmap, but armed is only so */
	if (len != 1)
		return;
	fake.arms++;
	fake.mbps = 0.1;
	fake.status = "cancelling";
	usleep(CANCEL_POLL_US);
}

static void a_cancel_ends_arming_and_opens_no_round(void **state)
{
	qemu.qemu_guest_free_page_hint = cancel_while_arming;
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.arms, 1);
	assert_null(reporting_refusal());
}

/* Nothing tells of it in QEMU 7.2 to 10.2 but that the guest runs no more. */
static void a_switch_to_postcopy_ends_the_hold(void **state)
{
	begin_held();
	precopy_close(true);
	fake.running = false;
	look_after_sending();
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
	reporting_stop();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

static void a_limit_that_somebody_sets_meanwhile_stays(void **state)
{
	begin_held();
	fake.downtime_ms = 500;
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, 500);
}

/* Nova and others raise the limit step by step while a migration runs. */
static void a_limit_that_somebody_sets_meanwhile_is_held_against(void **state)
{
	begin_held();
	fake.downtime_ms = 500;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, 500);
}

/* One page was saved: less than a stop of a minute may take. */
static void a_limit_that_is_meant_to_stop_the_guest_is_not_held_against(void **state)
{
	begin_held();
	fake.mbps = 0.1;
	fake.downtime_ms = 60000;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, 60000);
}

/*
 * Another device has more to send, or the link is dead: QEMU would sync for ever or never. The
 * guest's failover device that is to be released first takes its time, too, and then QEMU sends.
 */
static void a_hold_rests_while_nothing_is_sent(void **state)
{
	int i;

	begin_held();
	for (i = 0; i < 100; i++) {
		look_after_sending();
		assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	}
	for (i = 0; i < 19; i++)
		fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

/* 4096 bytes saved, and 8 Mbit/s are 1000 bytes in a millisecond. */
static void a_hold_rests_while_hints_have_saved_less_than_the_stop_may_take(void **state)
{
	begin_held();
	fake.mbps = 0.1;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	fake.mbps = 8;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	/* more hints come: 300 ms are 300 000 bytes */
	last = false;
	dirty = 74;
	hint_now();
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

/* The guest is paused for a moment in the first pass. */
static void a_hold_rests_while_the_guest_does_not_run(void **state)
{
	begin_held();
	precopy_close(false);
	fake.running = false;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	fake.running = true;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
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
		HOLD_TEST(a_migration_that_is_cancelled_in_the_wait_is_not_held),
		HOLD_TEST(a_cancel_ends_a_wait_in_which_nothing_comes),
		HOLD_TEST(a_cancel_ends_arming_and_opens_no_round),
		HOLD_TEST(a_switch_to_postcopy_ends_the_hold),
		HOLD_TEST(the_end_of_a_migration_puts_the_limit_back),
		HOLD_TEST(the_end_of_reporting_puts_the_limit_back),
		HOLD_TEST(a_limit_that_somebody_sets_meanwhile_stays),
		HOLD_TEST(a_limit_that_somebody_sets_meanwhile_is_held_against),
		HOLD_TEST(a_limit_that_is_meant_to_stop_the_guest_is_not_held_against),
		HOLD_TEST(a_hold_rests_while_nothing_is_sent),
		HOLD_TEST(a_hold_rests_while_hints_have_saved_less_than_the_stop_may_take),
		HOLD_TEST(a_hold_rests_while_the_guest_does_not_run),
		HOLD_TEST(the_timer_of_an_old_hold_changes_nothing),
)
