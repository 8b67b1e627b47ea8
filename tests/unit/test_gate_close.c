// SPDX-License-Identifier: GPL-2.0
/*
 * Closing the round gate: nothing is applied after a close, and a close waits for the range that
 * is being applied.
 */
/* rig: tests/unit/gate_rig.h */
#include "tests/unit/gate_rig.h"

static void what_is_queued_at_a_close_is_dropped_and_counted(void **state)
{
	u64 before = pages(), id = open_now();
	struct gate_view then, now;

	gate_view(&then);
	pthread_mutex_lock(&hold);
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_QUEUED);
	wait_until_applying();
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_QUEUED);
	gate_close(false);
	pthread_mutex_unlock(&hold);
	gate_close(true);
	usleep(20000);
	gate_view(&now);
	assert_int_equal(pages(), before + 2);
	assert_int_equal(now.counters.pages_late, then.counters.pages_late + 2);
}

static struct gate_round latest_past(void)
{
	struct gate_round past[GATE_PAST];
	u32 count = gate_past(past);

	assert_true(count > 0);
	return past[count - 1];
}

/* The numbers of a round and the counters add up. */
static void what_was_being_applied_at_a_close_belongs_to_the_round(void **state)
{
	u64 id = open_now();
	struct gate_view then, now;

	gate_view(&then);
	pthread_mutex_lock(&hold);
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_QUEUED);
	wait_until_applying();
	gate_close(false);
	assert_int_equal(latest_past().accepted, 0);
	pthread_mutex_unlock(&hold);
	gate_close(true);
	gate_view(&now);
	assert_int_equal(latest_past().id, id);
	assert_int_equal(latest_past().accepted, 2);
	assert_int_equal(latest_past().cleared, 2);
	assert_true(latest_past().last_us > 0);
	assert_int_equal(now.now.accepted, 2);
	assert_int_equal(now.counters.rounds_empty, then.counters.rounds_empty);
	assert_int_equal(now.counters.pages_accepted, then.counters.pages_accepted + 2);
	/* a later pass shows the first round from where it was kept */
	gate_open(2, clock_us());
	gate_close(true);
	gate_view(&now);
	assert_int_equal(now.first.id, id);
	assert_int_equal(now.first.accepted, 2);
	assert_int_equal(now.counters.rounds_empty, then.counters.rounds_empty + 1);
}

/* The apply thread takes many ranges at a time, and yet stops at the next one. */
static void a_close_between_two_ranges_drops_the_others(void **state)
{
	const struct gate_range three[] = { two_pages, two_pages, two_pages };
	u64 before = pages(), id = open_now();
	struct gate_view then, now;

	gate_view(&then);
	pthread_mutex_lock(&hold);
	assert_int_equal(gate_queue(id, three, 3, false, &latest), GATE_QUEUED);
	wait_until_applying();
	gate_close(false);
	open_now();
	pthread_mutex_unlock(&hold);
	gate_close(true);
	gate_view(&now);
	assert_int_equal(pages(), before + 2);
	assert_int_equal(now.counters.pages_late, then.counters.pages_late + 4);
	assert_int_equal(now.counters.pages_accepted, then.counters.pages_accepted + 2);
}

static void *closer(void *opaque)
{
	gate_close(true);
	__atomic_store_n((u64 *)opaque, pages(), __ATOMIC_SEQ_CST);
	return NULL;
}

static void a_close_waits_for_the_range_being_applied(void **state)
{
	u64 seen = 0, early, before = pages(), id = open_now();
	pthread_t thread;

	pthread_mutex_lock(&hold);
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_QUEUED);
	wait_until_applying();
	pthread_create(&thread, NULL, closer, &seen);
	while (gate_room(id))
		usleep(100);
	/* As long as a close that does not wait may need to return. */
	usleep(100000);
	early = __atomic_load_n(&seen, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&hold);
	pthread_join(thread, NULL);
	assert_int_equal(early, 0);
	assert_int_equal(seen, before + 2);
}

static void a_close_without_wait_does_not_block(void **state)
{
	u64 before = pages(), id = open_now();

	pthread_mutex_lock(&hold);
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_QUEUED);
	wait_until_applying();
	gate_close(false);
	assert_int_equal(pages(), before);
	pthread_mutex_unlock(&hold);
	gate_close(true);
	assert_int_equal(pages(), before + 2);
}

RUN_TESTS(start_runner, NULL,
		cmocka_unit_test(what_is_queued_at_a_close_is_dropped_and_counted),
		cmocka_unit_test(what_was_being_applied_at_a_close_belongs_to_the_round),
		cmocka_unit_test(a_close_between_two_ranges_drops_the_others),
		cmocka_unit_test(a_close_waits_for_the_range_being_applied),
		cmocka_unit_test(a_close_without_wait_does_not_block),
)
