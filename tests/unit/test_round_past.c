// SPDX-License-Identifier: GPL-2.0
/*
 * The closed rounds that the gate remembers for x-query-freehint: the latest ones of the last
 * migration.
 */
/* links: host-agent/qemu-module/gate/round_gate.c */
/* links: host-agent/qemu-module/gate/round_history.c */
#include "host-agent/common/clock.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "tests/unit/unit.h"

static int setup(void **state)
{
	return gate_init();
}

static void rounds_of_a_migration_are_remembered(void **state)
{
	struct gate_round past[GATE_PAST];
	u32 pass;

	for (pass = 1; pass <= 3; pass++) {
		gate_open(pass, clock_us());
		gate_close(true);
	}
	assert_int_equal(gate_past(past), 3);
	assert_int_equal(past[0].pass, 1);
	assert_int_equal(past[2].pass, 3);
	for (; pass <= GATE_PAST + 5; pass++) {
		gate_open(pass, clock_us());
		gate_close(true);
	}
	assert_int_equal(gate_past(past), GATE_PAST);
	assert_int_equal(past[0].pass, 6);
	assert_int_equal(past[GATE_PAST - 1].pass, GATE_PAST + 5);
	/* the next migration */
	gate_open(1, clock_us());
	assert_int_equal(gate_past(past), 0);
	gate_close(true);
	assert_int_equal(gate_past(past), 1);
}

RUN_TESTS(setup, NULL,
		cmocka_unit_test(rounds_of_a_migration_are_remembered),
)
