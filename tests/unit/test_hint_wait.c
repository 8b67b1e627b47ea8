// SPDX-License-Identifier: GPL-2.0
/*
 * How long a pass waits for its hints: hint_wait.h.
 */
#include "host-agent/qemu-module/round/hint_wait.h"
#include "tests/unit/unit.h"

#define MS 1000ULL

static struct hint_wait wait_for(u32 pass, u64 bytes, u64 notice_us)
{
	return hint_wait_for(pass == 1 ? 200 * MS : 40 * MS, pass, bytes, notice_us, 2000 * MS);
}

static void a_guest_that_is_awake_has_half_the_limit_to_move(void **state)
{
	assert_int_equal(wait_for(1, 0, 1 * MS).idle_us, 101 * MS);
	assert_int_equal(wait_for(1, 0, 1 * MS).total_us, 201 * MS);
	assert_int_equal(wait_for(2, 0, 1 * MS).idle_us, 21 * MS);
}

static void the_time_until_the_guest_looks_is_added(void **state)
{
	assert_int_equal(wait_for(1, 0, 100 * MS).idle_us, 200 * MS);
	assert_int_equal(wait_for(1, 0, 100 * MS).total_us, 300 * MS);
	/* A pass that has lasted for minutes: the guest looks ten times a second again. */
	assert_int_equal(wait_for(7, 0, 100 * MS).idle_us, 120 * MS);
	assert_int_equal(wait_for(7, 0, 100 * MS).total_us, 140 * MS);
}

static void a_guest_that_does_not_say_is_asleep_in_the_first_pass_only(void **state)
{
	assert_int_equal(wait_for(1, 0, 0).idle_us, 200 * MS);
	assert_int_equal(wait_for(2, 0, 0).idle_us, 21 * MS);
}

static void a_guest_that_looks_too_seldom_is_not_waited_for(void **state)
{
	assert_false(wait_for(1, 0, 200 * MS).too_late);
	assert_true(wait_for(1, 0, 201 * MS).too_late);
	assert_int_equal(wait_for(1, 0, 10000 * MS).total_us, 0);
	assert_int_equal(wait_for(2, 0, UINT32_MAX).total_us, 0);
	assert_true(wait_for(2, 0, UINT32_MAX).too_late);
}

static void a_large_guest_has_a_millisecond_for_each_gib_in_the_first_pass(void **state)
{
	assert_int_equal(wait_for(1, 3ULL << 30, 1 * MS).total_us, 204 * MS);
	assert_int_equal(wait_for(1, 3ULL << 30, 1 * MS).idle_us, 101 * MS);
	assert_int_equal(wait_for(2, 1ULL << 40, 1 * MS).total_us, 41 * MS);
}

static struct hint_wait later(u64 downtime_us, u64 notice_us)
{
	return hint_wait_for(40 * MS, 2, 1ULL << 40, notice_us, downtime_us);
}

static void a_later_pass_waits_for_a_tenth_of_the_downtime_limit_at_most(void **state)
{
	assert_int_equal(later(300 * MS, 1 * MS).total_us, 30 * MS);
	assert_int_equal(later(300 * MS, 1 * MS).idle_us, 21 * MS);
	assert_int_equal(later(50 * MS, 1 * MS).total_us, 5 * MS);
	assert_int_equal(later(50 * MS, 1 * MS).idle_us, 5 * MS);
}

/* It answers while the pass sends. */
static void a_later_pass_does_not_wait_for_a_guest_that_polls_after_that(void **state)
{
	assert_int_equal(later(300 * MS, 100 * MS).total_us, 0);
	assert_false(later(300 * MS, 100 * MS).too_late);
	assert_int_equal(later(0, 1 * MS).total_us, 0);
}

static void a_first_wait_goes_on_while_it_pays(void **state)
{
	struct hint_wait wait = wait_for(1, 2ULL << 30, 1 * MS);
	u64 worth = wait.total_us * 1000 / HINT_WAIT_PAGE_NS;

	assert_int_equal(wait.more_us, 100 * MS);
	hint_wait_go_on(&wait, worth);
	assert_int_equal(wait.total_us, 50 * MS);
	hint_wait_go_on(&wait, 100000);
	assert_int_equal(wait.total_us, 50 * MS);
	/* Two GiB are worth no more. */
	hint_wait_go_on(&wait, 100000);
	assert_int_equal(wait.total_us, 0);
	wait = wait_for(1, 2ULL << 30, 1 * MS);
	hint_wait_go_on(&wait, worth - 1);
	assert_int_equal(wait.total_us, 0);
	wait = wait_for(2, 2ULL << 30, 1 * MS);
	hint_wait_go_on(&wait, 1ULL << 40);
	assert_int_equal(wait.total_us, 0);
}

static void nobody_waits_without_a_limit(void **state)
{
	assert_int_equal(hint_wait_for(0, 1, 1ULL << 40, 100 * MS, 300 * MS).total_us, 0);
	assert_false(hint_wait_for(0, 1, 0, 10000 * MS, 300 * MS).too_late);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_guest_that_is_awake_has_half_the_limit_to_move),
		cmocka_unit_test(the_time_until_the_guest_looks_is_added),
		cmocka_unit_test(a_guest_that_does_not_say_is_asleep_in_the_first_pass_only),
		cmocka_unit_test(a_guest_that_looks_too_seldom_is_not_waited_for),
		cmocka_unit_test(a_large_guest_has_a_millisecond_for_each_gib_in_the_first_pass),
		cmocka_unit_test(a_later_pass_waits_for_a_tenth_of_the_downtime_limit_at_most),
		cmocka_unit_test(a_later_pass_does_not_wait_for_a_guest_that_polls_after_that),
		cmocka_unit_test(a_first_wait_goes_on_while_it_pays),
		cmocka_unit_test(nobody_waits_without_a_limit),
)
