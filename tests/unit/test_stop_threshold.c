// SPDX-License-Identifier: GPL-2.0
/*
 * The sync by which QEMU decides to stop the guest is a quiet one: nothing is armed, opened
 * or waited for, and the big lock is kept.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include "tests/unit/precopy_rig.h"

#include "host-agent/qemu-module/core/migration_info.h"
#include "host-agent/qemu-module/round/stop_threshold.h"

static const char *why;

static int setup_reporting(void **state)
{
	setup_greeted(state);
	assert_true(reporting_start(&why));
	return 0;
}

#define REPORTING_TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_reporting, teardown)

static u64 quiet(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.rounds_quiet;
}

/* 8000 Mbit/s are 10^6 bytes in a millisecond: 300 ms take 300 * 10^6. */
static void a_sync_with_less_than_the_threshold_left_is_quiet(void **state)
{
	u64 before = quiet();
	unsigned int arms, drops;

	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake.mbps = 8000;
	fake.remaining = 300000000;
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	arms = fake.arms;
	drops = fake.bql_drops;
	fake.remaining--;
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.arms, arms);
	assert_int_equal(fake.bql_drops, drops);
	assert_int_equal(quiet(), before + 1);
	/* QEMU goes on: another device has more to send, or the guest has written much */
	fake.remaining = 1ULL << 30;
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

/* What hints take away counts, so does the time for which the guest writes unnoticed. */
static void what_hints_may_save_is_not_left_for_the_stop(void **state)
{
	fake.mbps = 8000;
	fake.remaining = 1000000000;
	assert_false(stop_is_near(700000000, 0));
	assert_true(stop_is_near(700000001, 0));
	assert_true(stop_is_near(1000000000, 0));
	assert_false(stop_is_near(0, 70));
	assert_true(stop_is_near(0, 71));
}

static void nothing_is_opened_for_nothing(void **state)
{
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake.remaining = 0;
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
}

/* In the first 100 ms QEMU has no bandwidth, and its threshold is 0. */
static void without_a_bandwidth_no_stop_is_near(void **state)
{
	fake.remaining = 1;
	assert_false(stop_is_near(0, 0));
	fake.mbps = -1;
	assert_false(stop_is_near(0, 0));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

static void the_administrators_bandwidth_comes_before_the_measured_one(void **state)
{
	fake.mbps = 8000;
	fake.switchover_bandwidth = 2000000;
	fake.remaining = 600000;
	assert_false(stop_is_near(0, 0));
	fake.remaining--;
	assert_true(stop_is_near(0, 0));
	fake.switchover_bandwidth = UINT64_MAX;
	fake.downtime_ms = 2000 * 1000;
	fake.remaining = 1ULL << 60;
	assert_true(stop_is_near(0, 0));
}

static void every_answer_is_put_away(void **state)
{
	fake.mbps = 8000;
	stop_is_near(0, 0);
	stop_is_near(0, 0);
	assert_int_equal(fake.answers_kept, 2);
}

static void a_migration_that_was_cancelled_is_ending(void **state)
{
	assert_false(migration_is_ending());
	fake.mbps = 8000;
	assert_false(migration_is_ending());
	fake.status = "active";
	assert_false(migration_is_ending());
	fake.status = "cancelling";
	assert_true(migration_is_ending());
	/* from 11.0 on, before "failed" */
	fake.status = "failing";
	assert_true(migration_is_ending());
	fake.status = "failed";
	assert_true(migration_is_ending());
}

static void the_downtime_limit_is_qemus(void **state)
{
	fake.downtime_ms = 20;
	assert_int_equal(stop_downtime_us(), 20000);
}

RUN_TESTS(init, finish,
		REPORTING_TEST(a_sync_with_less_than_the_threshold_left_is_quiet),
		REPORTING_TEST(what_hints_may_save_is_not_left_for_the_stop),
		REPORTING_TEST(nothing_is_opened_for_nothing),
		REPORTING_TEST(without_a_bandwidth_no_stop_is_near),
		REPORTING_TEST(the_administrators_bandwidth_comes_before_the_measured_one),
		REPORTING_TEST(every_answer_is_put_away),
		REPORTING_TEST(a_migration_that_was_cancelled_is_ending),
		REPORTING_TEST(the_downtime_limit_is_qemus),
)
