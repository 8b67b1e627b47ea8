// SPDX-License-Identifier: GPL-2.0
/*
 * Reporting that begins and ends with a migration: nobody gives x-freehint-start, the
 * first round opens all the same, and what a human started stays on.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include "tests/unit/precopy_rig.h"

static const char *why;

static const struct precopy_limits autostart = { .start = precopy_start };

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
	assert_true(precopy_enabled());
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_false(precopy_enabled());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_OFF);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void what_a_human_started_stays_on(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(precopy_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(precopy_enabled());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
}

static void what_a_human_stopped_stays_off(void **state)
{
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	precopy_stop();
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_false(precopy_enabled());
}

/* No module, no hello: an ordinary migration. */
static void a_guest_without_a_module_is_left_alone(void **state)
{
	fake.reset(NULL);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_false(precopy_enabled());
	assert_int_equal(fake.arms, 0);
}

RUN_TESTS(init, finish,
		TEST(a_migration_starts_reporting_and_ends_it),
		TEST(what_a_human_started_stays_on),
		TEST(what_a_human_stopped_stays_off),
		TEST(a_guest_without_a_module_is_left_alone),
)
