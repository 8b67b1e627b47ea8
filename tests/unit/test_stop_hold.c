// SPDX-License-Identifier: GPL-2.0
/*
 * The stop is held while the first pass is sent: from the first wait, if it has brought hints,
 * to the next sync, or as long as it pays. The administrator's downtime limit is back whatever
 * ends the hold.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include <unistd.h>

#include "tests/unit/precopy_rig.h"

#include "host-agent/qemu-module/round/stop_hold.h"

#define LIMIT_MS	300
#define PATIENCE_US	(60 * 1000000ULL)

static const char *why;
/* Dirty pages that a range turns out to have. */
static u64 dirty;

static u64 clear(const struct gate_range *range)
{
	return dirty;
}

static int never_sealed(u64 round)
{
	return -EAGAIN;
}

static void *apply_thread(void *opaque)
{
	gate_run(clear, never_sealed);
	return NULL;
}

/* The peer: it hints one page in the round that it finds open, and says that this was all. */
static void *hint_once(void *opaque)
{
	const struct gate_range range = { .hva = shm, .len = 4096 };
	struct gate_view view;
	u64 current;

	do {
		usleep(100);
		gate_view(&view);
	} while (view.state != GATE_OPEN);
	assert_int_equal(gate_queue(view.now.id, &range, 1, true, &current), GATE_QUEUED);
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
	assert_true(precopy_start(&why));
	return 0;
}

#define HOLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup_waiting, teardown)

/* Another range of the open round, which is applied before this returns. */
static void hint_now(void)
{
	const struct gate_range range = { .hva = shm, .len = 4096 };
	struct gate_view view;
	u64 accepted, current;

	gate_view(&view);
	accepted = view.now.accepted;
	assert_int_equal(gate_queue(view.now.id, &range, 1, true, &current), GATE_QUEUED);
	do {
		usleep(100);
		gate_view(&view);
	} while (view.now.accepted == accepted);
}

/* A migration whose first round is answered with a page, dirty or not. */
static void begin_hinted(void)
{
	pthread_t peer;

	assert_int_equal(pthread_create(&peer, NULL, hint_once, NULL), 0);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_int_equal(pthread_join(peer, NULL), 0);
}

static void begin_held(void)
{
	begin_hinted();
	assert_int_equal(fake.downtime_ms, FREEHINT_STOP_HOLD_MS);
}

static void a_pass_with_hints_is_sent_before_the_guest_may_be_stopped(void **state)
{
	begin_held();
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
	/* later rounds hold nothing */
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.downtime_ms, LIMIT_MS);
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
	fake.remaining--;
	fake_time_passes();
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

static void a_limit_as_short_as_the_hold_is_left_alone(void **state)
{
	fake.downtime_ms = FREEHINT_STOP_HOLD_MS;
	begin_hinted();
	fake.downtime_ms = 0;
	sync_once();
	assert_int_equal(fake.downtime_ms, 0);
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
		HOLD_TEST(the_limit_is_back_before_the_sync_is_judged),
		HOLD_TEST(hints_that_took_nothing_off_hold_nothing),
		HOLD_TEST(hints_that_come_after_the_wait_begin_a_hold),
		HOLD_TEST(hints_that_come_after_the_wait_count),
		HOLD_TEST(no_later_round_opens_that_would_stop_the_guest),
		HOLD_TEST(a_margin_does_not_keep_rounds_from_opening_for_ever),
		HOLD_TEST(an_estimate_ends_with_its_migration),
		HOLD_TEST(nothing_is_held_with_bitmaps_of_disks),
		HOLD_TEST(the_end_of_a_migration_puts_the_limit_back),
		HOLD_TEST(the_end_of_reporting_puts_the_limit_back),
		HOLD_TEST(a_limit_that_somebody_sets_meanwhile_stays),
		HOLD_TEST(a_limit_as_short_as_the_hold_is_left_alone),
		HOLD_TEST(a_hold_ends_when_nothing_is_sent_any_more),
		HOLD_TEST(a_hold_ends_where_hints_save_less_than_the_stop_may_take),
		HOLD_TEST(the_timer_of_an_old_hold_changes_nothing),
		HOLD_TEST(a_qemu_that_does_not_show_the_limit_holds_nothing),
		HOLD_TEST(a_limit_that_does_not_read_as_set_is_put_back_at_once),
		HOLD_TEST(a_qemu_that_refuses_holds_nothing),
)
