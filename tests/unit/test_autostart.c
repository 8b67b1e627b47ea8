// SPDX-License-Identifier: GPL-2.0
/*
 * Reporting that begins and ends with a migration: nobody gives x-freehint-start, the
 * first round opens all the same, and what a human started stays on.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include "tests/unit/precopy_rig.h"

static const char *why;

static const struct precopy_limits autostart = { .start = reporting_start };

static unsigned int starts;

static bool fails(const char **reason)
{
	starts++;
	*reason = "no room";
	return false;
}

static const struct precopy_limits failing = { .start = fails };

static int setup_failing(void **state)
{
	starts = 0;
	begin(&failing);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	return 0;
}

static int setup(void **state)
{
	begin(&autostart);
	return 0;
}

static void a_migration_starts_reporting_and_ends_it(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_OFF);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_true(reporting_is_on());
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_false(reporting_is_on());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_OFF);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void what_a_human_started_stays_on(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(reporting_is_on());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
}

/* The command comes while a migration runs that has started reporting itself. */
static void what_a_human_started_meanwhile_stays_on(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_true(reporting_start(&why));
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(reporting_is_on());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	reporting_stop();
	assert_false(reporting_is_on());
}

static void what_a_human_stopped_stays_off(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	reporting_stop();
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_false(reporting_is_on());
}

/* No module, no hello: an ordinary migration. */
static void a_guest_without_a_module_is_left_alone(void **state)
{
	fake.reset(NULL);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_false(reporting_is_on());
	assert_int_equal(fake.arms, 0);
}

/* QEMU holds the lock of its list of RAM blocks there, and a start may free one. */
static void nothing_is_started_in_the_first_sync(void **state)
{
	sync_once();
	assert_int_equal(starts, 0);
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_int_equal(starts, 1);
	sync_once();
	assert_int_equal(starts, 1);
}

/* Without a sync there is no dirty log: nothing to start for. */
static void a_background_snapshot_starts_nothing(void **state)
{
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_int_equal(starts, 0);
}

static void a_start_that_fails_leaves_its_reason(void **state)
{
	assert_null(reporting_refusal());
	begin_migration();
	assert_non_null(strstr(reporting_refusal(), "last migration: no room"));
	assert_int_equal(fake.warnings, 1);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_non_null(strstr(reporting_refusal(), "last migration: no room"));
	/* a human starts it, and stops it */
	assert_true(reporting_start(&why));
	assert_null(reporting_refusal());
	reporting_stop();
	assert_null(reporting_refusal());
}

/* What stands against hints at any time is not a reason of this start. */
static void a_reason_that_may_pass_is_not_kept(void **state)
{
	fake.reset(NULL);
	begin_migration();
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_null(reporting_refusal());
}

#define FAILING_TEST(name) cmocka_unit_test_setup_teardown(name, setup_failing, teardown)

RUN_TESTS(init, finish,
		TEST(a_migration_starts_reporting_and_ends_it),
		TEST(what_a_human_started_stays_on),
		TEST(what_a_human_started_meanwhile_stays_on),
		TEST(what_a_human_stopped_stays_off),
		TEST(a_guest_without_a_module_is_left_alone),
		FAILING_TEST(nothing_is_started_in_the_first_sync),
		FAILING_TEST(a_background_snapshot_starts_nothing),
		FAILING_TEST(a_start_that_fails_leaves_its_reason),
		FAILING_TEST(a_reason_that_may_pass_is_not_kept),
)
