// SPDX-License-Identifier: GPL-2.0
/*
 * The record of skipped pages: a hint enters them, a write makes them leave, memory of
 * devices is never logged, and runs come out as they went in.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/postcopy/skipped.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/core/bar.c proto/host_request.c proto/host_snapshot.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: proto/host_offer.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_log.c */
#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/postcopy/skipped.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/unit.h"

#define PAGE	FREEHINT_PAGE_SIZE
#define MAIN	200	/* pages: no multiple of a word */
#define DIMM	800

static struct {
	u64 first;
	u64 pages;
	unsigned int block;
} run[16];
static unsigned int runs;

static bool remember(const struct skipped_block *block, u64 first, u64 pages)
{
	run[runs].first = first;
	run[runs].pages = pages;
	run[runs++].block = (unsigned int)(block->ram - fake.block);
	return runs < 16;
}

static void walk(void)
{
	runs = 0;
	skipped_walk(remember);
}

static void assert_run(unsigned int i, unsigned int block, u64 first, u64 pages)
{
	assert_true(i < runs);
	assert_int_equal(run[i].block, block);
	assert_int_equal(run[i].first, first);
	assert_int_equal(run[i].pages, pages);
}

static void add(unsigned int block, u64 first, u64 pages)
{
	skipped_add(fake.block[block].host + first * PAGE, pages * PAGE);
}

static int setup(void **state)
{
	arm_release();
	fake_qemu_init();
	fake_log_install();
	fake_add_block(0, MAIN * PAGE);
	fake_add_block(1ULL << 30, DIMM * PAGE);
	fake_add_block(2ULL << 30, DIMM * PAGE)->device = true;
	arm_acquire();
	arm_all();
	assert_int_equal(skipped_start(), 0);
	skipped_drop_written();
	return 0;
}

static int teardown(void **state)
{
	skipped_stop();
	assert_false(skipped_is_on());
	assert_int_equal(fake_log_count(fake_log.logging, FAKE_MAX_BLOCKS), 0);
	return 0;
}

static void what_is_hinted_is_skipped(void **state)
{
	walk();
	assert_int_equal(runs, 0);
	add(0, 3, 1);
	add(0, 60, 10);
	add(0, 127, 2);
	add(0, MAIN - 1, 1);
	add(1, 0, DIMM);
	walk();
	assert_int_equal(runs, 5);
	assert_run(0, 0, 3, 1);
	assert_run(1, 0, 60, 10);
	assert_run(2, 0, 127, 2);
	assert_run(3, 0, MAIN - 1, 1);
	assert_run(4, 1, 0, DIMM);
}

static void a_run_that_is_taken_ends_the_walk(void **state)
{
	u64 page;

	for (page = 0; page < 40; page += 2)
		add(0, page, 1);
	walk();
	assert_int_equal(runs, 16);
}

static void what_is_written_is_skipped_no_more(void **state)
{
	add(0, 60, 10);
	fake_log.written[0][59] = true;
	fake_log.written[0][64] = true;
	fake_log.written[0][MAIN - 1] = true;
	skipped_drop_written();
	walk();
	assert_int_equal(runs, 2);
	assert_run(0, 0, 60, 4);
	assert_run(1, 0, 65, 5);
	/* nothing is written in between, so nothing changes */
	skipped_drop_written();
	walk();
	assert_int_equal(runs, 2);
	/* hinted anew: the write is older than that */
	add(0, 64, 1);
	skipped_drop_written();
	walk();
	assert_int_equal(runs, 1);
	assert_run(0, 0, 60, 10);
}

static void a_write_that_a_sync_has_fetched_counts(void **state)
{
	add(0, 10, 3);
	fake_log.written[0][11] = true;
	fake_log_sync();
	fake_log_sync();
	skipped_drop_written();
	walk();
	assert_int_equal(runs, 2);
}

static void memory_of_devices_is_not_logged_and_not_skipped(void **state)
{
	assert_true(fake_log.logging[0]);
	assert_true(fake_log.logging[1]);
	assert_false(fake_log.logging[2]);
	add(2, 0, 4);
	skipped_add((const u8 *)&runs, PAGE);
	walk();
	assert_int_equal(runs, 0);
}

static void what_is_not_plugged_is_forgotten(void **state)
{
	add(0, 10, 3);
	add(1, 250, 500);
	memset(fake_log.unplugged[1] + 256, true, 256);
	memset(fake_log.unplugged[1] + 768, true, 32);
	skipped_drop_unplugged();
	walk();
	assert_int_equal(runs, 3);
	assert_run(1, 1, 250, 6);
	assert_run(2, 1, 512, 238);
}

static void a_new_migration_begins_with_nothing(void **state)
{
	add(0, 0, MAIN);
	assert_int_equal(skipped_start(), 0);
	walk();
	assert_int_equal(runs, 0);
}

RUN_TESTS(NULL, NULL,
		TEST(what_is_hinted_is_skipped),
		TEST(a_run_that_is_taken_ends_the_walk),
		TEST(what_is_written_is_skipped_no_more),
		TEST(a_write_that_a_sync_has_fetched_counts),
		TEST(memory_of_devices_is_not_logged_and_not_skipped),
		TEST(what_is_not_plugged_is_forgotten),
		TEST(a_new_migration_begins_with_nothing),
)
