// SPDX-License-Identifier: GPL-2.0
/*
 * The region's bitmap stays out of every pass and out of the stop, the header does not; it is
 * given back at a switch to postcopy; and nothing of it without a guest, or where no
 * memory of the region migrates.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
/* links: tests/fakes/fake_log.c */
#include <pthread.h>

#include "host-agent/qemu-module/postcopy/switchover.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/precopy_rig.h"

#define BITMAP_SIZE	(SHM_SIZE - FREEHINT_HEADER_SIZE)

static const char *why;
static const struct precopy_limits no_wait;

static int setup_switch(bool announces)
{
	begin(&no_wait);
	fake_log_install();
	if (announces)
		fake_log_announces();
	switchover_init();
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(reporting_start(&why));
	return 0;
}

static int setup(void **state)
{
	return setup_switch(false);
}

static int setup_announced(void **state)
{
	return setup_switch(true);
}

static void the_guest_stops(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
}

static void it_is_left_out_after_every_sync_and_the_header_is_not(void **state)
{
	sync_once();
	/* QEMU changes its bitmap without the lock until the setup is over. */
	assert_int_equal(fake.shm_cleans, 0);
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_int_equal(fake.shm_cleans, 1);
	assert_int_equal(fake.shm_clean_at, FREEHINT_HEADER_SIZE);
	assert_int_equal(fake.shm_clean, BITMAP_SIZE);
	sync_once();
	assert_int_equal(fake.shm_cleans, 2);
	/* no round, all the same */
	assert_int_equal(sync_at_once(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.shm_cleans, 3);
	the_guest_stops();
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.shm_cleans, 4);
}

static void it_is_left_out_in_later_passes_of_a_guest_whose_free_pages_are_zero(void **state)
{
	publish_hello(FREEHINT_CONTRACT_ZERO);
	begin_migration();
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.shm_cleans, 2);
}

/* Nobody has written the bitmap, or somebody to whom the region belongs. */
static void without_the_hello_of_a_guest_it_migrates(void **state)
{
	freehint_withdraw(&pub);
	begin_migration();
	sync_once();
	assert_int_equal(fake.shm_cleans, 0);
}

static void without_reporting_it_migrates(void **state)
{
	reporting_stop();
	begin_migration();
	assert_int_equal(fake.shm_cleans, 0);
}

/* The fake aborts, where QEMU would dereference a NULL pointer. */
static void a_region_that_does_not_migrate_is_not_touched(void **state)
{
	fake.shm_ignored = true;
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_int_equal(fake.shm_cleans, 0);
}

static void a_snapshot_in_the_background_has_all_of_it(void **state)
{
	fake.snapshot = true;
	begin_migration();
	sync_once();
	assert_int_equal(fake.shm_cleans, 0);
}

static void *sync_elsewhere(void *opaque)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	return NULL;
}

/* The migration thread sends and has the bitmap lock: the main loop may not wait for it. */
static void a_sync_of_the_main_loop_does_not_wait_for_the_bitmap_lock(void **state)
{
	pthread_t thread;

	begin_migration();
	pthread_create(&thread, NULL, sync_elsewhere, NULL);
	pthread_join(thread, NULL);
	assert_int_equal(fake.shm_cleans, 1);
}

/* As 7.2 and 10.0 do it, or 11.1. */
static void sync_of_the_switch(void)
{
	bool announces = qemu.switch_signal == QEMU_SWITCH_ANNOUNCED;

	if (announces)
		fake_log.handlers->is_active(NULL);
	the_guest_stops();
	if (announces)
		fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_log_sync();
	if (announces)
		fake_notify(QEMU_PRECOPY_AFTER_SYNC);
}

static void a_switch_to_postcopy_gives_it_back(void **state)
{
	unsigned int before;

	fake.postcopy = true;
	begin_migration();
	sync_once();
	before = fake.shm_cleans;
	assert_int_equal(before, 2);
	sync_of_the_switch();
	assert_int_equal(fake_log.region_dirty, BITMAP_SIZE);
	assert_int_equal(fake.shm_cleans, before);
}

static void the_end_of_a_precopy_does_not(void **state)
{
	fake.postcopy = true;
	begin_migration();
	the_guest_stops();
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_log_sync();
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(fake_log.region_dirty, 0);
	assert_int_equal(fake.shm_cleans, 2);
}

/* No round, so nobody looks out for the switch. */
static void where_no_switch_would_be_recognised_it_migrates(void **state)
{
	fake.postcopy = true;
	fake.running = false;
	begin_migration();
	assert_int_equal(fake.shm_cleans, 0);
	sync_of_the_switch();
	assert_int_equal(fake_log.region_dirty, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

RUN_TESTS(init, finish,
		TEST(it_is_left_out_after_every_sync_and_the_header_is_not),
		TEST(it_is_left_out_in_later_passes_of_a_guest_whose_free_pages_are_zero),
		TEST(without_the_hello_of_a_guest_it_migrates),
		TEST(without_reporting_it_migrates),
		TEST(a_region_that_does_not_migrate_is_not_touched),
		TEST(a_snapshot_in_the_background_has_all_of_it),
		TEST(a_sync_of_the_main_loop_does_not_wait_for_the_bitmap_lock),
		TEST(a_switch_to_postcopy_gives_it_back),
		cmocka_unit_test_setup_teardown(a_switch_to_postcopy_gives_it_back, setup_announced,
						teardown),
		TEST(the_end_of_a_precopy_does_not),
		cmocka_unit_test_setup_teardown(the_end_of_a_precopy_does_not, setup_announced,
						teardown),
		TEST(where_no_switch_would_be_recognised_it_migrates))
