// SPDX-License-Identifier: GPL-2.0
/*
 * The switch to postcopy: recognised among syncs that look like it, every page that is still
 * skipped set dirty and made zero, none that was written; and nothing of it without need.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
/* links: tests/fakes/fake_log.c */
#include <pthread.h>

#include "host-agent/qemu-module/postcopy/skipped.h"
#include "host-agent/qemu-module/postcopy/switchover.h"
#include "host-agent/qemu-module/postcopy/zero_thread.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/precopy_rig.h"

#define PAGES	256	/* of the rig's block */
#define TRIES	20	/* until the guest runs in the middle */

static const char *why;
static const struct precopy_limits no_wait;
static bool announces;
static bool zeros[PAGES];

static u64 counter(size_t offset)
{
	struct gate_view view;

	gate_view(&view);
	return *(u64 *)((u8 *)&view.counters + offset);
}

#define COUNT(member) counter(offsetof(struct freehint_counters, member))

static int setup(void **state)
{
	begin(&no_wait);
	fake_log_install();
	if (announces)
		fake_log_announces();
	switchover_init();
	fake.postcopy = true;
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(reporting_start(&why));
	return 0;
}

/* As the migration thread does it, after a pass in which all was sent. */
static u64 next_sync(void)
{
	fake_log_send();
	fake.sent++;
	fake.clock_us += LONG_PASS_US;
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_log_sync();
	fake_log_collect();
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	return shm->host_request.round;
}

static void skipping(u64 first, u64 pages)
{
	skipped_add(fake.block[0].host + first * FREEHINT_PAGE_SIZE, pages * FREEHINT_PAGE_SIZE);
}

static void the_guest_stops(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
	fake.early(NULL, false, 0);
}

static void the_guest_runs(void)
{
	fake.running = true;
	fake.early(NULL, true, 0);
	fake.state(NULL, true, 0);
}

/* As 7.2 and 10.0 do it, or 11.1. */
static void sync_of_the_switch(void)
{
	if (announces)
		assert_false(fake_log.handlers->is_active(NULL));
	the_guest_stops();
	if (announces)
		fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_log_sync();
	fake_log_collect();
	if (announces)
		fake_notify(QEMU_PRECOPY_AFTER_SYNC);
}

static void last_sync_of_precopy(void)
{
	the_guest_stops();
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_log_sync();
	fake_log_collect();
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
}

static unsigned int dirty(void)
{
	return fake_log_count(fake_log.dirty[0], PAGES);
}

static void what_is_still_skipped_is_set_dirty_and_made_zero(void **state)
{
	u64 before = COUNT(switchovers);

	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	skipping(16, 100);
	fake_log.written[0][20] = true;
	assert_true(next_sync() != FREEHINT_NO_ROUND);
	fake_log.written[0][30] = true;
	sync_of_the_switch();
	assert_int_equal(dirty(), 98);
	assert_false(fake_log.dirty[0][15]);
	assert_false(fake_log.dirty[0][20]);
	assert_false(fake_log.dirty[0][30]);
	assert_true(fake_log.dirty[0][115]);
	assert_int_equal(COUNT(switchovers), before + 1);
	while (fake_log_count(fake_log.discarded[0], PAGES) < 98)
		;
	zero_thread_stop();
	assert_memory_equal(fake_log.discarded[0], fake_log.dirty[0], PAGES);
}

/* What was set dirty is in the bitmap, like what was written. */
static void it_is_handed_over_once(void **state)
{
	u64 before = COUNT(switchovers);

	begin_migration();
	skipping(16, 100);
	sync_of_the_switch();
	memset(fake_log.written[0], true, PAGES);
	fake_log_sync();
	fake_log_collect();
	assert_int_equal(COUNT(switchovers), before + 1);
	assert_int_equal(dirty(), 100);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	memset(fake_log.dirty[0], false, PAGES);
	the_guest_runs();
	begin_migration();
	skipping(20, 10);
	sync_of_the_switch();
	assert_int_equal(COUNT(switchovers), before + 2);
	assert_int_equal(dirty(), 10);
}

static void the_end_of_a_precopy_is_no_switch(void **state)
{
	begin_migration();
	skipping(16, 100);
	last_sync_of_precopy();
	assert_int_equal(dirty(), 0);
	fake_notify(QEMU_PRECOPY_COMPLETE);
	assert_int_equal(fake_log.discards, 0);
}

static void *sync_elsewhere(void *opaque)
{
	fake_log_sync();
	return NULL;
}

static void syncs_of_others_are_no_switch(void **state)
{
	pthread_t thread;

	begin_migration();
	skipping(16, 100);
	fake_log_sync();
	the_guest_stops();
	pthread_create(&thread, NULL, sync_elsewhere, NULL);
	pthread_join(thread, NULL);
	assert_int_equal(dirty(), 0);
}

static void *begin_to_sync(void *opaque)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	return NULL;
}

/* A timer's, which drops the big lock in the middle. */
static void a_sync_of_the_main_loop_does_not_hide_the_switch(void **state)
{
	pthread_t thread;

	begin_migration();
	skipping(16, 100);
	pthread_create(&thread, NULL, begin_to_sync, NULL);
	pthread_join(thread, NULL);
	sync_of_the_switch();
	assert_int_equal(dirty(), 100);
}

static void *sync_of_a_timer(void *opaque)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_log_sync();
	fake_log_collect();
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	return NULL;
}

/* What such a sync brings is sent before the migration thread looks at the bitmap. */
static void what_such_a_sync_may_have_brought_is_not_made_zero(void **state)
{
	pthread_t thread;

	begin_migration();
	skipping(16, 100);
	fake_log.written[0][20] = true;
	pthread_create(&thread, NULL, sync_of_a_timer, NULL);
	pthread_join(thread, NULL);
	assert_true(next_sync() != FREEHINT_NO_ROUND);
	skipping(110, 10);
	sync_of_the_switch();
	assert_int_equal(dirty(), 104);
	while (fake_log_count(fake_log.discarded[0], PAGES) < 10)
		;
	zero_thread_stop();
	assert_int_equal(fake_log_count(fake_log.discarded[0], PAGES), 10);
	assert_true(fake_log.discarded[0][110]);
}

/* The migration goes on while the guest is paused, and sends what it wrote before. */
static void sync_while_paused(void)
{
	fake_log.written[0][20] = true;
	the_guest_stops();
	next_sync();
	fake_log_send();
}

static bool add_to_zeros(const struct skipped_block *block, u64 first, u64 pages)
{
	memset(&zeros[first], true, pages);
	return true;
}

/* The thread may not have come to it, so it is what it will do that counts. */
static void check_not_made_zero(u64 page, unsigned int others)
{
	memset(zeros, false, sizeof(zeros));
	skipped_walk_certain(add_to_zeros);
	assert_true(fake_log.dirty[0][page]);
	assert_false(zeros[page]);
	assert_int_equal(fake_log_count(zeros, PAGES), others);
}

static void what_a_paused_guest_has_written_is_not_made_zero(void **state)
{
	begin_migration();
	skipping(16, 100);
	sync_while_paused();
	sync_of_the_switch();
	check_not_made_zero(20, 0);
}

static void nor_is_it_after_the_guest_went_on(void **state)
{
	begin_migration();
	skipping(16, 100);
	sync_while_paused();
	the_guest_runs();
	assert_true(next_sync() != FREEHINT_NO_ROUND);
	skipping(110, 10);
	sync_of_the_switch();
	check_not_made_zero(20, 10);
}

static void without_the_capability_nothing_is_recorded(void **state)
{
	fake.postcopy = false;
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_false(skipped_is_on());
	skipping(16, 100);
	the_guest_stops();
	fake_log_sync();
	assert_int_equal(dirty(), 0);
}

static void an_unknown_qemu_is_refused(void **state)
{
	qemu.switch_signal = QEMU_SWITCH_UNKNOWN;
	assert_non_null(strstr(reporting_refusal(), "postcopy-ram"));
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_false(skipped_is_on());
}

static void the_record_ends_with_the_migration(void **state)
{
	begin_migration();
	assert_true(skipped_is_on());
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_false(skipped_is_on());
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_true(skipped_is_on());
}

/* Stays in its first range until the guest wants to run. */
static bool wanted;

static void wait_until_wanted(void)
{
	while (!__atomic_load_n(&wanted, __ATOMIC_SEQ_CST))
		;
	/* time to end, or to go on by mistake */
	nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
}

/* Returns how many ranges were made zero before the guest ran; none may be afterwards. */
static unsigned int run_while_pages_are_made_zero(void)
{
	unsigned int discards;
	u64 page;

	begin_migration();
	for (page = 0; page < PAGES; page += 2)
		skipping(page, 1);
	wanted = false;
	fake_log.discards = 0;
	fake_log.during = wait_until_wanted;
	sync_of_the_switch();
	while (!__atomic_load_n(&fake_log.discards, __ATOMIC_SEQ_CST))
		;
	__atomic_store_n(&wanted, true, __ATOMIC_SEQ_CST);
	the_guest_runs();
	discards = __atomic_load_n(&fake_log.discards, __ATOMIC_SEQ_CST);
	nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);
	assert_int_equal(__atomic_load_n(&fake_log.discards, __ATOMIC_SEQ_CST), discards);
	return discards;
}

/* On a busy machine all can be zero before this thread says that the guest runs. */
static void no_page_is_made_zero_when_the_guest_runs_again(void **state)
{
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (run_while_pages_are_made_zero() < PAGES / 2)
			return;
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	fail_msg("all pages were zero each time before the guest ran");
}

/* A switch was announced and failed; the next migration ends without one. */
static void an_announcement_is_forgotten_when_the_guest_runs_on(void **state)
{
	if (!announces)
		return;
	begin_migration();
	skipping(16, 100);
	assert_false(fake_log.handlers->is_active(NULL));
	the_guest_runs();
	last_sync_of_precopy();
	assert_int_equal(dirty(), 0);
}

static int setup_announced(void **state)
{
	announces = true;
	return setup(state);
}

static int teardown_both(void **state)
{
	announces = false;
	return teardown(state);
}

/* As 7.2 and 10.0 do it, and as 11.1 does. */
#define BOTH_TEST(name)								\
	cmocka_unit_test_setup_teardown(name, setup, teardown_both),			\
	{ #name " (announced)", name, setup_announced, teardown_both, NULL }

RUN_TESTS(init, finish,
		BOTH_TEST(what_is_still_skipped_is_set_dirty_and_made_zero),
		BOTH_TEST(it_is_handed_over_once),
		BOTH_TEST(the_end_of_a_precopy_is_no_switch),
		BOTH_TEST(syncs_of_others_are_no_switch),
		BOTH_TEST(a_sync_of_the_main_loop_does_not_hide_the_switch),
		BOTH_TEST(what_such_a_sync_may_have_brought_is_not_made_zero),
		BOTH_TEST(what_a_paused_guest_has_written_is_not_made_zero),
		BOTH_TEST(nor_is_it_after_the_guest_went_on),
		BOTH_TEST(without_the_capability_nothing_is_recorded),
		BOTH_TEST(an_unknown_qemu_is_refused),
		BOTH_TEST(the_record_ends_with_the_migration),
		BOTH_TEST(no_page_is_made_zero_when_the_guest_runs_again),
		BOTH_TEST(an_announcement_is_forgotten_when_the_guest_runs_on),
)
