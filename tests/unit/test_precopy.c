// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds around QEMU's notifiers: armed before published, closed before the next
 * sync, none before setup is over, when the guest stands still, postcopy is possible
 * or nobody answers; and what may happen while the big lock is dropped.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/precopy_rig.h"

static const char *why;

static void a_round_opens_after_each_sync_and_is_armed_before(void **state)
{
	u64 first, second;

	assert_true(reporting_start(&why));
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	first = begin_migration();
	assert_true(first != FREEHINT_NO_ROUND);
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_ROUND);
	assert_int_equal(shm->host_request.pass, 1);
	assert_int_equal(fake.arms, 4);
	second = sync_once();
	assert_true(second > first);
	assert_int_equal(shm->host_request.pass, 2);
	assert_int_equal(fake.arms, 8);
	assert_int_equal(fake.armed_late, 0);
}

/* The guest polls more often while it migrates. */
static void the_pass_stands_in_the_request_until_the_migration_has_ended(void **state)
{
	assert_true(reporting_start(&why));
	assert_int_equal(shm->host_request.pass, 0);
	begin_migration();
	assert_int_equal(sync_at_once(), FREEHINT_NO_ROUND);
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	assert_int_equal(shm->host_request.pass, 1);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	assert_int_equal(shm->host_request.pass, 0);
}

static void every_start_kicks_a_guest_that_may_look_seldom(void **state)
{
	u32 kicks = shm->host_request.kicks;

	assert_true(reporting_start(&why));
	assert_int_equal(shm->host_request.kicks, kicks + 1);
	assert_true(reporting_start(&why));
	assert_int_equal(shm->host_request.kicks, kicks + 2);
}

static void the_big_lock_is_dropped_for_arming_and_left_as_it_was_found(void **state)
{
	assert_true(reporting_start(&why));
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	/* as before QEMU 9.0 */
	fake.bql = false;
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_false(fake.bql);
	fake.bql = true;
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_true(fake.bql);
	assert_int_equal(fake.arms, 8);
	assert_int_equal(fake.armed_with_bql, 0);
}

/* Firmware and memory of devices migrate all the same. */
static void without_memory_that_can_be_hinted_no_round_is_opened(void **state)
{
	fake.block[0].ignored = true;
	fake_add_block(1ULL << 32, 1ULL << 20)->device = true;
	assert_true(reporting_start(&why));
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_non_null(strstr(reporting_refusal(), "no memory of the guest migrates"));
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	fake.block[0].ignored = false;
	assert_null(reporting_refusal());
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void *notify_elsewhere(void *reason)
{
	fake_notify(*(enum qemu_precopy_reason *)reason);
	return NULL;
}

/* Another thread. */
static void the_main_loop_is_notified(enum qemu_precopy_reason reason)
{
	pthread_t thread;

	pthread_create(&thread, NULL, notify_elsewhere, &reason);
	pthread_join(thread, NULL);
}

static void a_timer_syncs(void)
{
	the_main_loop_is_notified(QEMU_PRECOPY_BEFORE_SYNC);
	the_main_loop_is_notified(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
}

static void a_timer_begins_to_sync(void)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
}

static void the_guest_stops(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
}

static void the_guest_is_reset(void)
{
	fake.reset(NULL);
}

static void postcopy_is_allowed(void)
{
	fake.postcopy = true;
}

/* What was armed before another sync is armed no more; the rest is plainly no use. */
static void what_happens_while_the_big_lock_is_dropped_keeps_the_round_closed(void **state)
{
	static void (*const meanwhile[])(void) = {
		a_timer_syncs, a_timer_begins_to_sync, the_guest_stops, the_guest_is_reset,
		postcopy_is_allowed, reporting_stop,
	};
	size_t i;

	for (i = 0; i < sizeof(meanwhile) / sizeof(meanwhile[0]); i++) {
		assert_true(reporting_start(&why));
		fake.meanwhile = meanwhile[i];
		assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
		assert_null(fake.meanwhile);
		teardown(state);
		setup_greeted(state);
	}
}

/* The guest may eject a DIMM, and its backend be deleted, whenever the big lock is free. */
static void memory_is_held_from_the_first_round_to_the_end_of_the_migration(void **state)
{
	assert_true(reporting_start(&why));
	sync_once();
	assert_int_equal(fake.block[0].refs, 0);
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_int_equal(fake.block[0].refs, 1);
	sync_once();
	assert_int_equal(fake.block[0].refs, 1);
	assert_int_equal(fake.armed_unheld, 0);
	/* what is queued may still be on its way */
	reporting_stop();
	assert_int_equal(fake.block[0].refs, 1);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(fake.block[0].refs, 0);
}

/* QEMU has looked it up already, and it may be freed as soon as the big lock is free. */
static void the_big_lock_is_kept_while_somebody_stands_behind_us(void **state)
{
	fake_qemu_is_old_tcg();
	assert_true(reporting_start(&why));
	fake.notifier->node[0] = &fake;
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.bql_drops, 0);
	assert_non_null(strstr(reporting_refusal(), "before freehint"));
	fake_notify(QEMU_PRECOPY_CLEANUP);
	reporting_stop();
	assert_false(reporting_start(&why));
	/* unplugged */
	fake.notifier->node[0] = NULL;
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void nothing_happens_unless_started(void **state)
{
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.arms, 0);
}

/* QEMU holds the lock of its list of RAM blocks: nobody may wait for the big lock then. */
static void the_first_sync_keeps_the_big_lock(void **state)
{
	fake_qemu_is_old_tcg();
	assert_true(reporting_start(&why));
	sync_once();
	assert_int_equal(fake.bql_drops, 0);
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_true(fake.bql_drops > 0);
	assert_true(shm->host_request.round != FREEHINT_NO_ROUND);
}

static void old_tcg_records_writes_again_after_every_sync(void **state)
{
	fake_qemu_is_old_tcg();
	sync_once();
	/* All memory is dirty and none was sent: the end of the setup is early enough. */
	fake.bql = false;
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_int_equal(fake.tlb_resets, 2);
	assert_int_equal(fake.tlb_waits, 1);
	fake.bql = true;
	assert_true(reporting_start(&why));
	fake.postcopy = true;
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.tlb_resets, 4);
	assert_int_equal(fake.tlb_waits, 2);
}

static void a_stopped_guest_gets_no_round(void **state)
{
	assert_true(reporting_start(&why));
	fake.running = false;
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.arms, 0);
}

static void stopping_the_guest_closes_the_round(void **state)
{
	u64 current, id;

	assert_true(reporting_start(&why));
	id = begin_migration();
	the_guest_stops();
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_int_equal(gate_check(id, 1, &current), GATE_NO_ROUND);
}

static void a_capability_set_after_the_start_keeps_rounds_closed(void **state)
{
	assert_true(reporting_start(&why));
	fake.postcopy = true;
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_int_equal(fake.arms, 0);
}

/* COLO's checkpoints sync without the big lock: the fake aborts when it is dropped. */
static void nothing_is_done_in_the_checkpoints_of_colo(void **state)
{
	int i;

	fake_qemu_is_old_tcg();
	assert_true(reporting_start(&why));
	fake.colo = true;
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	fake.bql = false;
	for (i = 0; i < 3; i++)
		assert_int_equal(sync_at_once(), FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_COMPLETE);
	assert_false(fake.bql);
	assert_int_equal(fake.bql_drops, 0);
	assert_int_equal(pass_now(), 0);
	fake.bql = true;
	fake_notify(QEMU_PRECOPY_CLEANUP);
	fake.colo = false;
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void pages_that_must_read_as_zero_are_hinted_in_the_first_pass_only(void **state)
{
	publish_hello(FREEHINT_CONTRACT_ZERO);
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	assert_non_null(strstr(reporting_refusal(), "init_on_free"));
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void a_sync_by_another_thread_closes_the_round_and_opens_none(void **state)
{
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	a_timer_syncs();
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

/* It has dropped the big lock: QEMU has still to collect the log, or to reset the TLBs. */
static void no_round_opens_in_the_middle_of_another_threads_sync(void **state)
{
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	the_main_loop_is_notified(QEMU_PRECOPY_BEFORE_SYNC);
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	the_main_loop_is_notified(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	/* one that never ended does not outlive the migration */
	the_main_loop_is_notified(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

/* The apply thread of one test: it stays in a range for as long as @hold is held. */
static struct {
	pthread_mutex_t hold;
	bool applying;
	bool synced;
} slow = {
	.hold = PTHREAD_MUTEX_INITIALIZER,
};

static u64 apply_slowly(const struct gate_range *range)
{
	__atomic_store_n(&slow.applying, true, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&slow.hold);
	pthread_mutex_unlock(&slow.hold);
	return 0;
}

static void *apply_thread(void *opaque)
{
	gate_run(apply_slowly, never_sealed);
	return NULL;
}

static void *sync_and_say(void *opaque)
{
	sync_once();
	__atomic_store_n(&slow.synced, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void a_sync_waits_for_the_last_range_though_reporting_was_stopped(void **state)
{
	const struct gate_range range = { .hva = shm, .len = 4096 };
	pthread_t applier, syncer;
	u64 current, id;
	bool early;
	int i;

	assert_true(reporting_start(&why));
	id = begin_migration();
	pthread_mutex_lock(&slow.hold);
	pthread_create(&applier, NULL, apply_thread, NULL);
	pthread_detach(applier);
	assert_int_equal(gate_queue(id, &range, 1, false, &current), GATE_QUEUED);
	for (i = 0; i < 60000 && !__atomic_load_n(&slow.applying, __ATOMIC_SEQ_CST); i++)
		usleep(1000);
	assert_true(slow.applying);
	reporting_stop();
	pthread_create(&syncer, NULL, sync_and_say, NULL);
	usleep(50000);
	early = __atomic_load_n(&slow.synced, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&slow.hold);
	pthread_join(syncer, NULL);
	assert_false(early);
	assert_true(slow.synced);
}

RUN_TESTS(init, finish,
		GREETED_TEST(a_round_opens_after_each_sync_and_is_armed_before),
		GREETED_TEST(the_pass_stands_in_the_request_until_the_migration_has_ended),
		GREETED_TEST(every_start_kicks_a_guest_that_may_look_seldom),
		GREETED_TEST(the_big_lock_is_dropped_for_arming_and_left_as_it_was_found),
		GREETED_TEST(what_happens_while_the_big_lock_is_dropped_keeps_the_round_closed),
		GREETED_TEST(memory_is_held_from_the_first_round_to_the_end_of_the_migration),
		GREETED_TEST(the_big_lock_is_kept_while_somebody_stands_behind_us),
		GREETED_TEST(nothing_happens_unless_started),
		GREETED_TEST(the_first_sync_keeps_the_big_lock),
		GREETED_TEST(without_memory_that_can_be_hinted_no_round_is_opened),
		GREETED_TEST(old_tcg_records_writes_again_after_every_sync),
		GREETED_TEST(a_stopped_guest_gets_no_round),
		GREETED_TEST(stopping_the_guest_closes_the_round),
		GREETED_TEST(a_capability_set_after_the_start_keeps_rounds_closed),
		GREETED_TEST(nothing_is_done_in_the_checkpoints_of_colo),
		GREETED_TEST(pages_that_must_read_as_zero_are_hinted_in_the_first_pass_only),
		GREETED_TEST(a_sync_by_another_thread_closes_the_round_and_opens_none),
		GREETED_TEST(no_round_opens_in_the_middle_of_another_threads_sync),
		GREETED_TEST(a_sync_waits_for_the_last_range_though_reporting_was_stopped),
)
