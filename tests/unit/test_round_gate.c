// SPDX-License-Identifier: GPL-2.0
/*
 * The round gate: ids never repeat, only an open round takes ranges, a full queue takes none, and
 * a wait for hints knows its end.
 */
/* rig: tests/unit/gate_rig.h */
#include "include/freehint/limits.h"
#include "tests/unit/gate_rig.h"

#define A_MINUTE	(60 * 1000000ULL)

static void ids_are_positive_and_never_repeat(void **state)
{
	u64 first = open_now(), second;

	gate_close(true);
	second = open_now();
	gate_close(true);
	assert_true(first > 0 && second > first && second < FREEHINT_ROUND_MAX);
}

/* Chances that a random base is below 2^32 are one in 2^30. */
static void ids_begin_at_a_random_number(void **state)
{
	u64 id = open_now();

	gate_close(true);
	assert_true(id > 0xffffffffULL);
}

static void no_round_is_open_before_the_first_and_after_a_close(void **state)
{
	u64 current, id;

	assert_int_equal(gate_check(1, 1, &current), GATE_NO_ROUND);
	id = open_now();
	assert_int_equal(gate_check(id, 1, &current), GATE_QUEUED);
	assert_int_equal(current, id);
	gate_close(true);
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_NO_ROUND);
}

static void an_earlier_round_is_stale(void **state)
{
	u64 current, id = open_now();

	gate_close(true);
	open_now();
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_STALE);
	assert_int_equal(gate_check(id + 2, 1, &current), GATE_STALE);
	gate_close(true);
}

static void ranges_of_an_open_round_are_applied(void **state)
{
	u64 before = pages(), id = open_now();
	struct gate_view view;

	assert_int_equal(gate_queue(id, &two_pages, 1, true, &latest), GATE_QUEUED);
	wait_for_pages(before + 2);
	gate_close(true);
	gate_view(&view);
	assert_int_equal(view.now.accepted, 2);
	assert_int_equal(view.now.cleared, 2);
	assert_true(view.now.first_us > 0 && view.now.last_us >= view.now.first_us);
	assert_int_equal(view.first.id, id);
}

/* Queue as many ranges as a round may have; returns what is left of them. */
static u32 fill(u64 id)
{
	static struct gate_range many[FREEHINT_MAX_RANGES];
	u32 i, room = FREEHINT_MAX_QUEUED;

	for (i = 0; i < FREEHINT_MAX_RANGES; i++)
		many[i] = two_pages;
	for (; room >= FREEHINT_MAX_RANGES; room -= FREEHINT_MAX_RANGES)
		assert_int_equal(gate_queue(id, many, FREEHINT_MAX_RANGES, false, &latest),
				 GATE_QUEUED);
	return room;
}

static void a_full_queue_takes_nothing_of_a_command(void **state)
{
	struct gate_range many[2] = { two_pages, two_pages };
	u64 id = open_now(), current;
	struct gate_view view;

	pthread_mutex_lock(&hold);
	assert_int_equal(gate_queue(id, many, 1, false, &latest), GATE_QUEUED);
	wait_until_applying();
	assert_int_equal(gate_room(id), FREEHINT_MAX_QUEUED);
	assert_int_equal(gate_room(id - 1), 0);
	assert_int_equal(fill(id), 0);
	assert_int_equal(gate_room(id), 0);
	assert_false(gate_was_answered());
	assert_int_equal(gate_check(id, 1, &current), GATE_FULL);
	/* whoever comes to this has given up: nobody waits for more */
	gate_view(&view);
	assert_true(view.now.last_seen);
	assert_int_equal(gate_queue(id, many, 1, false, &latest), GATE_FULL);
	assert_int_equal(gate_queue(id, many, 0, true, &latest), GATE_QUEUED);
	gate_close(false);
	pthread_mutex_unlock(&hold);
	gate_close(true);
}

static void applied_ranges_make_room_for_others(void **state)
{
	u64 before = pages(), id = open_now();
	struct gate_view view;

	fill(id);
	gate_wait(0, 0, NULL);
	wait_for_pages(before + 2ULL * FREEHINT_MAX_QUEUED);
	assert_int_equal(gate_room(id), FREEHINT_MAX_QUEUED);
	assert_int_equal(gate_queue(id, &two_pages, 1, false, &latest), GATE_QUEUED);
	wait_for_pages(before + 2ULL * FREEHINT_MAX_QUEUED + 2);
	fill(id);
	assert_int_equal(gate_queue(id, NULL, 0, true, &latest), GATE_QUEUED);
	gate_wait(A_MINUTE, A_MINUTE, NULL);
	gate_view(&view);
	assert_int_equal(pages(), before + 4ULL * FREEHINT_MAX_QUEUED + 2);
	assert_int_equal(view.now.accepted, 4ULL * FREEHINT_MAX_QUEUED + 2);
	gate_close(true);
	assert_int_equal(gate_room(id), 0);
}

static void a_wait_ends_with_the_last_hint(void **state)
{
	u64 id = open_now();
	struct gate_view view;

	assert_int_equal(gate_queue(id, &two_pages, 1, true, &latest), GATE_QUEUED);
	gate_wait(A_MINUTE, A_MINUTE, NULL);
	gate_view(&view);
	assert_true(view.now.last_seen);
	assert_int_equal(view.now.accepted, 2);
	gate_close(true);
}

static void a_wait_ends_when_nobody_answers(void **state)
{
	u64 start = clock_us();

	open_now();
	gate_wait(20000, A_MINUTE, NULL);
	assert_false(gate_was_answered());
	gate_close(true);
	gate_wait(A_MINUTE, A_MINUTE, NULL);
	assert_true(clock_us() - start < A_MINUTE);
}

static void *answer_slowly(void *opaque)
{
	u64 id = *(u64 *)opaque;
	int i;

	for (i = 0; i < 10; i++) {
		usleep(20000);
		gate_queue(id, &two_pages, 1, i == 9, &latest);
	}
	return NULL;
}

/* Each answer comes in time, all of them take longer than one may. */
static void a_wait_goes_on_while_answers_come(void **state)
{
	u64 before = pages(), id = open_now();
	pthread_t thread;

	pthread_create(&thread, NULL, answer_slowly, &id);
	gate_wait(A_MINUTE / 60, A_MINUTE, NULL);
	assert_true(gate_was_answered());
	assert_int_equal(pages(), before + 20);
	pthread_join(thread, NULL);
	gate_close(true);
	assert_true(gate_was_answered());
}

static bool waited;

static void *answer_until_waited(void *opaque)
{
	while (!__atomic_load_n(&waited, __ATOMIC_SEQ_CST)) {
		usleep(20000);
		gate_queue(*(u64 *)opaque, &two_pages, 1, false, &latest);
	}
	return NULL;
}

static void a_wait_has_an_end_though_answers_come(void **state)
{
	u64 id = open_now();
	pthread_t thread;

	pthread_create(&thread, NULL, answer_until_waited, &id);
	gate_wait(A_MINUTE, 30000, NULL);
	assert_false(gate_was_answered());
	__atomic_store_n(&waited, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	gate_close(true);
}

/* So large that the apply thread takes one at a time. */
static const struct gate_range one_gib = { .hva = (void *)0x10000, .len = FREEHINT_APPLY_BYTES };

static void a_wait_that_is_cut_off_says_what_was_cleared(void **state)
{
	u64 before = pages(), id = open_now(), of_one = FREEHINT_APPLY_BYTES >> FREEHINT_PAGE_SHIFT;
	struct gate_view view;

	__atomic_store_n(&slow_us, 30000, __ATOMIC_SEQ_CST);
	gate_queue(id, &one_gib, 1, false, &latest);
	/* how much depends on the machine */
	assert_int_equal(gate_wait(A_MINUTE, 200000, NULL) % of_one, 0);
	__atomic_store_n(&slow_us, 0, __ATOMIC_SEQ_CST);
	wait_for_pages(before + of_one);
	gate_queue(id, NULL, 0, true, &latest);
	assert_int_equal(gate_wait(A_MINUTE, A_MINUTE, NULL), 0);
	gate_view(&view);
	assert_true(view.now.waited_us >= 200000);
	gate_close(true);
}

RUN_TESTS(start_runner, NULL,
		cmocka_unit_test(ids_are_positive_and_never_repeat),
		cmocka_unit_test(ids_begin_at_a_random_number),
		cmocka_unit_test(no_round_is_open_before_the_first_and_after_a_close),
		cmocka_unit_test(an_earlier_round_is_stale),
		cmocka_unit_test(ranges_of_an_open_round_are_applied),
		cmocka_unit_test(a_full_queue_takes_nothing_of_a_command),
		cmocka_unit_test(applied_ranges_make_room_for_others),
		cmocka_unit_test(a_wait_that_is_cut_off_says_what_was_cleared),
		cmocka_unit_test(a_wait_ends_with_the_last_hint),
		cmocka_unit_test(a_wait_ends_when_nobody_answers),
		cmocka_unit_test(a_wait_goes_on_while_answers_come),
		cmocka_unit_test(a_wait_has_an_end_though_answers_come),
)
