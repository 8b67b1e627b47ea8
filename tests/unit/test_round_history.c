// SPDX-License-Identifier: GPL-2.0
/*
 * The closed rounds that the gate remembers for x-query-freehint: the latest ones of the last
 * migration.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include "host-agent/common/clock.h"
#include "host-agent/qemu-module/map/page_map.h"
#include "tests/unit/precopy_rig.h"

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
	gate_begin_migration();
	assert_int_equal(gate_past(past), 0);
	gate_open(1, clock_us());
	assert_int_equal(gate_past(past), 0);
	gate_close(true);
	assert_int_equal(gate_past(past), 1);
}

static struct gate_view view_now(void)
{
	struct gate_view view;

	gate_view(&view);
	return view;
}

/* The guest is paused when the setup ends, or reporting starts in the middle. */
static void a_migration_that_begins_without_a_round_shows_none_of_an_earlier_one(void **state)
{
	struct gate_round past[GATE_PAST];
	const char *why;
	u64 id, latest;

	assert_int_equal(page_map_init(&hinted_map, 1 << 10), 0);
	assert_true(reporting_start(&why));
	id = begin_migration();
	page_map_add(&hinted_map, 0, FREEHINT_PAGE_SIZE);
	assert_int_equal(gate_queue(id, NULL, 0, true, &latest), GATE_QUEUED);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_int_equal(gate_past(past), 1);
	assert_int_equal(view_now().first.id, id);
	/* the next one */
	fake.running = false;
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_int_equal(gate_past(past), 0);
	assert_int_equal(view_now().first.id, FREEHINT_NO_ROUND);
	assert_int_equal(view_now().now.id, FREEHINT_NO_ROUND);
	assert_false(gate_was_answered());
	fake.running = true;
	id = sync_once();
	assert_true(id != FREEHINT_NO_ROUND);
	assert_false(page_map_has(&hinted_map, 0));
	assert_int_equal(view_now().first.id, id);
	page_map_add(&hinted_map, 0, FREEHINT_PAGE_SIZE);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
	assert_int_equal(gate_past(past), 1);
	assert_int_equal(past[0].id, id);
	assert_int_equal(view_now().first.id, id);
	assert_int_equal(view_now().first.pass, 2);
	assert_true(page_map_has(&hinted_map, 0));
}

RUN_TESTS(init, finish,
		cmocka_unit_test(rounds_of_a_migration_are_remembered),
		GREETED_TEST(a_migration_that_begins_without_a_round_shows_none_of_an_earlier_one),
)
