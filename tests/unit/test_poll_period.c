// SPDX-License-Identifier: GPL-2.0
/*
 * How often a guest looks at the request line: seldom where nothing is urgent, whatever the
 * host asks for.
 */
#include "guest-kmod/round/poll_period.h"
#include "tests/unit/unit.h"

#define FAST	1000U
#define IDLE	100000U

static struct poll_state state;

static int setup(void **unused)
{
	state = (struct poll_state){ .fast_us = FAST, .idle_us = IDLE };
	return 0;
}

static unsigned int period(u32 phase, u32 pass, unsigned long quiet_s)
{
	state.phase = phase;
	state.pass = pass;
	state.quiet_s = quiet_s;
	return poll_period(&state);
}

static void a_line_that_does_not_change_is_polled_less_often(void **unused)
{
	assert_int_equal(period(FREEHINT_PHASE_OFF, 0, 0), IDLE);
	assert_int_equal(period(FREEHINT_PHASE_READY, 0, 9), FAST);
	assert_int_equal(period(FREEHINT_PHASE_READY, 0, 10), IDLE);
	assert_int_equal(period(FREEHINT_PHASE_READY, 2, 10), 10000);
	assert_int_equal(period(FREEHINT_PHASE_ROUND, 0, 299), 10000);
	assert_int_equal(period(FREEHINT_PHASE_ROUND, 1, 300), IDLE);
	assert_int_equal(period(FREEHINT_PHASE_ROUND + 1, 1, 0), IDLE);
}

static void a_guest_that_is_asked_for_memory_is_not_woken_more_often(void **unused)
{
	u32 phase;

	for (phase = FREEHINT_PHASE_OFF; phase <= FREEHINT_PHASE_ROUND; phase++) {
		unsigned int before;

		state.asked = false;
		before = period(phase, 0, 1000);
		state.asked = true;
		assert_int_equal(period(phase, 0, 1000), before);
	}
}

static void a_long_period_is_for_a_guest_that_nobody_asks(void **unused)
{
	state.idle_us = 10 * IDLE;
	assert_int_equal(period(FREEHINT_PHASE_OFF, 0, 0), 10 * IDLE);
	assert_int_equal(period(FREEHINT_PHASE_READY, 0, 10), IDLE);
	state.asked = true;
	assert_int_equal(period(FREEHINT_PHASE_OFF, 0, 0), IDLE);
}

static void no_other_period_is_shorter_than_the_fast_one(void **unused)
{
	state.fast_us = IDLE / 2;
	state.idle_us = FAST;
	assert_int_equal(period(FREEHINT_PHASE_OFF, 0, 0), FAST);
	assert_int_equal(period(FREEHINT_PHASE_READY, 0, 10), IDLE / 2);
	assert_int_equal(period(FREEHINT_PHASE_ROUND, 1, 10), IDLE / 2);
	state.asked = true;
	assert_int_equal(period(FREEHINT_PHASE_OFF, 0, 0), IDLE / 2);
}

RUN_TESTS(NULL, NULL,
	  cmocka_unit_test_setup(a_line_that_does_not_change_is_polled_less_often, setup),
	  cmocka_unit_test_setup(a_guest_that_is_asked_for_memory_is_not_woken_more_often, setup),
	  cmocka_unit_test_setup(a_long_period_is_for_a_guest_that_nobody_asks, setup),
	  cmocka_unit_test_setup(no_other_period_is_shorter_than_the_fast_one, setup),
)
