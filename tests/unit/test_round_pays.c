// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds only where they pay: QEMU may sync many times in a pass, and each round costs the
 * time to arm and to wait. The gate closes at every sync all the same.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include "tests/unit/precopy_rig.h"

#include "host-agent/qemu-module/round/round_pays.h"

#define MS 1000ULL

static const char *why;
static unsigned int warnings;

__attribute__((format(printf, 1, 2)))
static void count_warning(const char *fmt, ...)
{
	warnings++;
}

static int setup_reporting(void **state)
{
	setup_greeted(state);
	warnings = 0;
	qemu.warn_report = count_warning;
	assert_true(reporting_start(&why));
	return 0;
}

#define REPORTING_TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_reporting, teardown)

static struct freehint_counters counters(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters;
}

static void arming_takes_5_ms(void)
{
	fake.clock_us += 5 * MS;
}

static u64 begin_slowly(void)
{
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake.meanwhile = arming_takes_5_ms;
	fake_notify(QEMU_PRECOPY_SETUP);
	return shm->host_request.round;
}

/* QEMU sends, then syncs; a round that opens arms. */
static bool send_and_sync(u64 us, u64 pages)
{
	bool opened;

	fake.clock_us += us;
	fake.sent += pages;
	fake.meanwhile = arming_takes_5_ms;
	opened = sync_at_once() != FREEHINT_NO_ROUND;
	assert_int_equal(!fake.meanwhile, opened);
	fake.meanwhile = NULL;
	return opened;
}

/* As 11.1 does with postcopy-ram, for 4 s of sending. */
static void a_sync_before_every_50_ms_of_sending_opens_few_rounds(void **state)
{
	struct freehint_counters before = counters(), after;
	unsigned int rounds = 0, i;

	assert_true(begin_slowly() != FREEHINT_NO_ROUND);
	for (i = 0; i < 80; i++)
		rounds += send_and_sync(50 * MS, 12000);
	assert_int_equal(rounds, 40);
	after = counters();
	assert_int_equal(after.rounds_early - before.rounds_early, 40);
	assert_int_equal(after.rounds_refused, before.rounds_refused);
	assert_int_equal(fake.armed_late, 0);
}

/* A device has bytes pending that only the last pass can send; or an ack is due. */
static void no_round_opens_while_nothing_is_sent(void **state)
{
	unsigned int i;

	assert_true(begin_slowly() != FREEHINT_NO_ROUND);
	for (i = 0; i < 1000; i++)
		assert_false(send_and_sync(1000 * MS, 0));
	assert_true(send_and_sync(0, 1));
}

static void a_long_pass_is_followed_by_a_round(void **state)
{
	assert_true(begin_slowly() != FREEHINT_NO_ROUND);
	assert_false(send_and_sync(100 * MS - 1, 12000));
	assert_true(send_and_sync(1, 12000));
	assert_false(send_and_sync(99 * MS, 12000));
	/* The next migration does not pay for the last one. */
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(begin_slowly() != FREEHINT_NO_ROUND);
}

static void the_scan_ends(u64 round, u64 word, enum freehint_seal_status how)
{
	freehint_open_round(&pub, round);
	guest_voice_put(&pub, word, 1);
	guest_voice_seal(&pub, how);
}

static void the_guest_answers(u64 round, u64 word)
{
	the_scan_ends(round, word, FREEHINT_SEAL_COMPLETE);
}

/* Of 256 pages one is hardly anything, and two are something. */
static void a_guest_with_hardly_any_free_memory_is_asked_seldom(void **state)
{
	the_guest_answers(begin_slowly(), 1);
	assert_false(send_and_sync(499 * MS, 12000));
	assert_true(send_and_sync(1 * MS, 12000));
	the_guest_answers(shm->host_request.round, 3);
	assert_true(send_and_sync(100 * MS, 12000));
}

/* The region was out of the guest's memory map for a moment, or a sync came. */
static void a_scan_that_was_cut_says_nothing_of_what_is_free(void **state)
{
	the_scan_ends(begin_slowly(), 0, FREEHINT_SEAL_ABORTED);
	assert_true(send_and_sync(100 * MS, 12000));
}

static void too_many_syncs_are_warned_of_once_in_a_migration(void **state)
{
	unsigned int i;

	assert_true(begin_slowly() != FREEHINT_NO_ROUND);
	for (i = 0; i < ROUND_PAYS_WARN - 1; i++)
		assert_false(send_and_sync(1, 1));
	assert_int_equal(warnings, 0);
	for (i = 0; i < 10 * ROUND_PAYS_WARN; i++)
		send_and_sync(1, 1);
	assert_int_equal(warnings, 1);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(begin_slowly() != FREEHINT_NO_ROUND);
	for (i = 0; i < 10 * ROUND_PAYS_WARN; i++)
		send_and_sync(1, 1);
	assert_int_equal(warnings, 2);
}

/* The first pass may wait for a guest that was asleep; a later one does not. */
static void a_wait_counts_as_long_as_the_next_can_be(void **state)
{
	const struct round_cost last = { .arm_us = 3 * MS, .wait_us = 110 * MS };

	assert_int_equal(round_pays_cost(&last, 30 * MS), 33 * MS);
	assert_int_equal(round_pays_cost(&last, 200 * MS), 113 * MS);
	assert_int_equal(round_pays_cost(&last, 0), 3 * MS);
}

RUN_TESTS(init, finish,
		REPORTING_TEST(a_sync_before_every_50_ms_of_sending_opens_few_rounds),
		REPORTING_TEST(no_round_opens_while_nothing_is_sent),
		REPORTING_TEST(a_long_pass_is_followed_by_a_round),
		REPORTING_TEST(a_guest_with_hardly_any_free_memory_is_asked_seldom),
		REPORTING_TEST(a_scan_that_was_cut_says_nothing_of_what_is_free),
		REPORTING_TEST(too_many_syncs_are_warned_of_once_in_a_migration),
		REPORTING_TEST(a_wait_counts_as_long_as_the_next_can_be),
)
