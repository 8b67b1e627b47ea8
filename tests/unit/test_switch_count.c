// SPDX-License-Identifier: GPL-2.0
/*
 * Which switches to postcopy are counted: those that hand over a skipped page.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
/* links: tests/fakes/fake_log.c */
#include "host-agent/qemu-module/postcopy/skipped.h"
#include "host-agent/qemu-module/postcopy/switchover.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/precopy_rig.h"

static int setup(void **state)
{
	static const struct precopy_limits no_wait;
	const char *why;

	begin(&no_wait);
	fake_log_install();
	switchover_init();
	fake.postcopy = true;
	publish_hello(FREEHINT_CONTRACT_DEAD);
	return !reporting_start(&why);
}

static u64 switchovers(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.switchovers;
}

static void switch_to_postcopy(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
	fake_log_sync();
	fake_log_collect();
	assert_false(switchover_permits());
}

static void a_switch_with_a_skipped_page_is_counted(void **state)
{
	u64 before = switchovers();

	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	skipped_add(fake.block[0].host, FREEHINT_PAGE_SIZE);
	switch_to_postcopy();
	assert_int_equal(switchovers(), before + 1);
}

static void a_switch_without_one_is_not(void **state)
{
	u64 before = switchovers();

	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	switch_to_postcopy();
	assert_int_equal(switchovers(), before);
}

RUN_TESTS(init, finish,
		TEST(a_switch_with_a_skipped_page_is_counted),
		TEST(a_switch_without_one_is_not),
)
