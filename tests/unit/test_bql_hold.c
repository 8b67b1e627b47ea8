// SPDX-License-Identifier: GPL-2.0
/*
 * Time with the big lock held: whatever QEMU calls counts, once, and only while it is held.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
/* links: tests/fakes/fake_log.c host-agent/qemu-module/round/bar_listener.c */
#include <time.h>

#include "host-agent/qemu-module/gate/bql_hold.h"
#include "host-agent/qemu-module/postcopy/switchover.h"
#include "host-agent/qemu-module/round/bar_listener.h"
#include "host-agent/qemu-module/round/bql_drop.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/precopy_rig.h"

/* It takes the place of the C library's: each look at the clock takes a while. */
#define TICK_US		1000
#define HOUR_US		(3600 * 1000000ULL)

static u64 now_us = HOUR_US;

int clock_gettime(clockid_t id, struct timespec *now)
{
	now_us += TICK_US;
	now->tv_sec = (time_t)(now_us / 1000000);
	now->tv_nsec = (long)(now_us % 1000000 * 1000);
	return 0;
}

static u64 total_us(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.bql_total_us;
}

static u64 max_us(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.bql_max_us;
}

/* What was counted in this call, at most the time that it took. */
static u64 counted(void (*call)(void))
{
	u64 total = total_us(), begin = now_us;

	call();
	assert_true(total_us() - total <= now_us - begin);
	return total_us() - total;
}

static void take_an_hour(void)
{
	now_us += HOUR_US;
}

static void nested(void)
{
	struct bql_hold outer = bql_hold_begin(), inner = bql_hold_begin();

	take_an_hour();
	bql_hold_end(inner);
	take_an_hour();
	bql_hold_end(outer);
}

static void dropped_in_the_middle(void)
{
	struct bql_hold hold = bql_hold_begin();

	take_an_hour();
	bql_drop();
	take_an_hour();
	take_an_hour();
	bql_take();
	take_an_hour();
	bql_hold_end(hold);
}

static void what_is_held_counts_once(void **state)
{
	assert_int_equal(counted(nested) / HOUR_US, 2);
	assert_int_equal(max_us() / HOUR_US, 2);
	assert_int_equal(counted(nested) / HOUR_US, 2);
	assert_int_equal(counted(dropped_in_the_middle) / HOUR_US, 2);
	assert_int_equal(max_us() / HOUR_US, 2);
}

static void before_sync(void) { fake_notify(QEMU_PRECOPY_BEFORE_SYNC); }
static void after_sync(void) { fake_notify(QEMU_PRECOPY_AFTER_SYNC); }
static void set_up(void) { fake_notify(QEMU_PRECOPY_SETUP); }
static void complete(void) { fake_notify(QEMU_PRECOPY_COMPLETE); }
static void clean_up(void) { fake_notify(QEMU_PRECOPY_CLEANUP); }
static void reset(void) { fake.reset(NULL); }
static void memory_goes(void) { fake_region_del(bar_region()); }

static void sync_log(void)
{
	fake_log_sync();
	fake_log_collect();
}

static void stop(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
}

static void run(void)
{
	fake.running = true;
	fake.early(NULL, true, 0);
}

static bool start_slowly(const char **why)
{
	struct bql_hold hold = bql_hold_begin();
	bool started;

	take_an_hour();
	started = reporting_start(why);
	bql_hold_end(hold);
	return started;
}

static int setup(void **state)
{
	static const struct precopy_limits limits = { .start = start_slowly };

	begin(&limits);
	bar_listener_init();
	fake_log_install();
	switchover_init();
	publish_hello(FREEHINT_CONTRACT_DEAD);
	return 0;
}

static void all_of_a_migration_counts(void **state)
{
	assert_true(counted(before_sync) > 0);
	assert_true(counted(after_sync) > 0);
	/* reporting starts, which a command counts itself */
	assert_int_equal(counted(set_up) / HOUR_US, 1);
	assert_true(counted(before_sync) > 0);
	assert_true(counted(sync_log) > 0);
	assert_true(counted(after_sync) > 0);
	assert_true(counted(complete) > 0);
	assert_true(counted(clean_up) > 0);
}

static void what_happens_to_the_machine_counts(void **state)
{
	assert_true(counted(memory_goes) > 0);
	assert_true(counted(reset) > 0);
	assert_true(counted(stop) > 0);
	assert_true(counted(run) > 0);
}

RUN_TESTS(init, finish,
		TEST(what_is_held_counts_once),
		TEST(all_of_a_migration_counts),
		TEST(what_happens_to_the_machine_counts),
)
