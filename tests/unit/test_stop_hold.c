// SPDX-License-Identifier: GPL-2.0
/*
 * The stop is held while the first pass is sent: from the first wait, if it has brought hints,
 * to the next sync. What a QEMU refuses or does not show is not held.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/stop_hold_rig.h */
#include "tests/unit/stop_hold_rig.h"

static void a_pass_with_hints_is_sent_before_the_guest_may_be_stopped(void **state)
{
	begin_held();
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	/* later rounds hold nothing */
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

static void nobody_waits_for_a_guest_that_cannot_see_the_round(void **state)
{
	struct gate_view view;

	fake.unmapped = true;
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	gate_view(&view);
	assert_int_equal(view.now.waited_us, 0);
	/* The device is back: its hints count. */
	fake.unmapped = false;
	hint_now();
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

static void the_limit_is_back_before_the_sync_is_judged(void **state)
{
	begin_held();
	fake.mbps = 8000;
	fake.remaining = LIMIT_MS * 1000000ULL - 1;
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
}

static void hints_that_took_nothing_off_hold_nothing(void **state)
{
	dirty = 0;
	begin_hinted();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
}

static void hints_that_come_after_the_wait_begin_a_hold(void **state)
{
	dirty = 0;
	begin_hinted();
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	dirty = 1;
	hint_now();
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	/* the timer runs out, and nothing begins in a later pass */
	fake_time_passes();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	assert_false(fake.timer_set);
}

/* Two pages are enough for a stop of 5000 bytes, one is not. */
static void hints_that_come_after_the_wait_count(void **state)
{
	begin_held();
	hint_now();
	fake.mbps = 5.0 * 8 / LIMIT_MS;
	look_after_sending();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

/*
 * A round took half of what remained. So one that leaves less than the threshold, 300 * 10^6
 * bytes, is not opened: QEMU would stop the guest by a sync that was not quiet.
 */
static void no_later_round_opens_that_would_stop_the_guest(void **state)
{
	fake.remaining = 8192;
	begin_hinted();
	fake.mbps = 8000;
	fake.remaining = 500000000;
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	/* the estimate has lost half */
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	/* nothing was taken off in that round */
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

/* The wait is the cost, and the margin ten times as long: it must not last. */
static void a_margin_does_not_keep_rounds_from_opening_for_ever(void **state)
{
	int i, opened = 0;

	fake.remaining = 1ULL << 40;
	begin_hinted();
	fake.mbps = 8000;
	fake.remaining = 301000000;
	for (i = 0; i < 20; i++)
		opened += sync_once() != FREEHINT_NO_ROUND;
	assert_true(opened > 0);
}

/* Another migration knows nothing of the last one. */
static void an_estimate_ends_with_its_migration(void **state)
{
	fake.remaining = 4096;
	begin_hinted();
	fake_notify(QEMU_PRECOPY_CLEANUP);
	dirty = 0;
	fake.remaining = 0;
	begin_hinted();
	fake.mbps = 8000;
	fake.remaining = 300000000;
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

static void nothing_is_held_with_bitmaps_of_disks(void **state)
{
	begin_held();
	stop_hold_end();
	fake.bitmaps = true;
	stop_hold_begin();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	fake.bitmaps = false;
	stop_hold_begin();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

static void a_limit_as_short_as_the_hold_is_left_alone(void **state)
{
	fake.downtime_ms = FREEHINT_STOP_HOLD_MS;
	begin_hinted();
	fake.downtime_ms = 0;
	sync_once();
	assert_int_equal(fake.downtime_ms, 0);
}

static void a_qemu_that_refuses_holds_nothing(void **state)
{
	fake.refuses_parameters = true;
	begin_hinted();
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	fake.refuses_parameters = false;
	fake.downtime_ms = FREEHINT_STOP_HOLD_MS;
	sync_once();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

/* The hold would find no value to put back, and would not know its own. */
static void a_qemu_that_does_not_show_the_limit_holds_nothing(void **state)
{
	fake.hides_downtime = true;
	begin_hinted();
	sync_once();
	assert_int_equal(fake.downtime_sets, 0);
}

static void a_limit_that_does_not_read_as_set_is_put_back_at_once(void **state)
{
	fake.freezes_downtime = true;
	begin_hinted();
	assert_int_equal(fake.downtime_last, LIMIT_MS);
	assert_int_equal(fake.downtime_sets, 2);
	assert_int_equal(fake.warnings, 1);
	/* nor in the next migration */
	fake.freezes_downtime = false;
	fake_notify(QEMU_PRECOPY_CLEANUP);
	begin_hinted();
	fake_time_passes();
	assert_int_equal(fake.downtime_sets, 2);
}

RUN_TESTS(init_all, finish,
		HOLD_TEST(a_pass_with_hints_is_sent_before_the_guest_may_be_stopped),
		HOLD_TEST(nobody_waits_for_a_guest_that_cannot_see_the_round),
		HOLD_TEST(the_limit_is_back_before_the_sync_is_judged),
		HOLD_TEST(hints_that_took_nothing_off_hold_nothing),
		HOLD_TEST(hints_that_come_after_the_wait_begin_a_hold),
		HOLD_TEST(hints_that_come_after_the_wait_count),
		HOLD_TEST(no_later_round_opens_that_would_stop_the_guest),
		HOLD_TEST(a_margin_does_not_keep_rounds_from_opening_for_ever),
		HOLD_TEST(an_estimate_ends_with_its_migration),
		HOLD_TEST(nothing_is_held_with_bitmaps_of_disks),
		HOLD_TEST(a_limit_as_short_as_the_hold_is_left_alone),
		HOLD_TEST(a_qemu_that_does_not_show_the_limit_holds_nothing),
		HOLD_TEST(a_limit_that_does_not_read_as_set_is_put_back_at_once),
		HOLD_TEST(a_qemu_that_refuses_holds_nothing),
)
