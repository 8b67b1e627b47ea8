// SPDX-License-Identifier: GPL-2.0
/*
 * The record of skipped pages: a hint enters them, a write makes them leave, memory of
 * devices is never in it, a sync of somebody else is a doubt, and runs come out as they went in.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/postcopy/skipped.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/core/dirty_log.c */
/* links: host-agent/qemu-module/core/ram_dirty_bitmap.c */
/* links: host-agent/qemu-module/core/bar.c proto/host_request.c proto/host_snapshot.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: proto/host_offer.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_log.c */
#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/core/ram_dirty_bitmap.h"
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

static void walk_certain(void)
{
	runs = 0;
	skipped_walk_certain(remember);
}

/* Of the migration thread. */
static void sync_and_look(void)
{
	fake_log_sync();
	fake_log_collect();
	skipped_drop_dirty();
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
	arm_all(NULL);
	ram_dirty_bitmap_init();
	assert_true(ram_dirty_bitmap_is_known());
	assert_int_equal(skipped_start(), 0);
	return 0;
}

static int teardown(void **state)
{
	skipped_stop();
	assert_false(skipped_is_on());
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
	sync_and_look();
	walk();
	assert_int_equal(runs, 2);
	assert_run(0, 0, 60, 4);
	assert_run(1, 0, 65, 5);
	/* nothing is written in between, so nothing changes */
	fake_log_send();
	sync_and_look();
	walk();
	assert_int_equal(runs, 2);
	/* hinted anew: the write is older than that */
	add(0, 64, 1);
	sync_and_look();
	walk();
	assert_int_equal(runs, 1);
	assert_run(0, 0, 60, 10);
}

/* Devices of QEMU write without asking anybody: to the log at once, also in a sync. */
static void a_write_in_the_middle_of_a_sync_counts(void **state)
{
	add(0, 10, 3);
	fake_log_sync();
	fake_log.migration[0][11] = true;
	fake_log_collect();
	skipped_drop_dirty();
	walk();
	assert_int_equal(runs, 2);
}

/* At the switch: what is not yet collected, and QEMU still collects it. */
static void a_write_in_the_log_counts_and_stays_there(void **state)
{
	add(0, 10, 3);
	fake_log.written[0][5] = true;
	fake_log.migration[0][MAIN - 1] = true;
	fake_log.written[0][11] = true;
	fake_log_sync();
	skipped_drop_logged();
	walk();
	assert_int_equal(runs, 2);
	assert_int_equal(fake_log_count(fake_log.migration[0], MAIN), 3);
	assert_true(fake_log.migration[0][5] && fake_log.migration[0][11]);
	assert_true(fake_log.migration[0][MAIN - 1]);
	assert_int_equal(fake_log.questions, 0);
}

/* QEMU is asked for each page. */
static void so_it_does_in_a_log_of_another_form(void **state)
{
	fake_log.odd_snapshot = PAGE;
	add(0, 10, 3);
	fake_log.written[0][11] = true;
	fake_log.written[0][MAIN - 1] = true;
	skipped_drop_logged();
	walk();
	assert_int_equal(runs, 2);
	assert_int_equal(fake_log_count(fake_log.migration[0], MAIN), 2);
	assert_true(fake_log.questions > 0);
}

static void all_of_a_block_can_be_in_the_log(void **state)
{
	add(1, 0, DIMM);
	memset(fake_log.written[1], true, DIMM);
	skipped_drop_logged();
	walk();
	assert_int_equal(runs, 0);
	assert_int_equal(fake_log_count(fake_log.migration[1], FAKE_LOG_PAGES), DIMM);
}

/* The page can be sent before anybody looks. */
static void a_sync_of_another_thread_is_a_doubt(void **state)
{
	add(0, 10, 3);
	skipped_doubt();
	fake_log.written[0][10] = true;
	fake_log_sync();
	fake_log_collect();
	fake_log_send();
	add(0, 12, 2);
	sync_and_look();
	walk();
	assert_int_equal(runs, 1);
	assert_run(0, 0, 10, 4);
	walk_certain();
	assert_int_equal(runs, 1);
	assert_run(0, 0, 12, 2);
	/* a doubtful page that is written leaves, too */
	fake_log.written[0][11] = true;
	sync_and_look();
	walk();
	assert_int_equal(runs, 2);
}

static void a_block_that_does_not_migrate_is_forgotten(void **state)
{
	add(0, 10, 3);
	add(1, 10, 3);
	fake.block[0].bmap = NULL;
	sync_and_look();
	walk();
	assert_int_equal(runs, 1);
	assert_run(0, 1, 10, 3);
}

static size_t no_page_size(RAMBlock *ram) { return FREEHINT_PAGE_SIZE; }

static void a_qemu_with_another_block_is_known_as_such(void **state)
{
	qemu.qemu_ram_pagesize = no_page_size;
	ram_dirty_bitmap_init();
	assert_false(ram_dirty_bitmap_is_known());
}

static void memory_of_devices_is_not_skipped(void **state)
{
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
	skipped_doubt();
	add(1, 300, 100);
	skipped_drop_unplugged();
	walk();
	assert_int_equal(runs, 3);
	assert_run(1, 1, 250, 6);
	assert_run(2, 1, 512, 238);
}

static void a_huge_page_is_plugged_as_a_whole(void **state)
{
	fake.block[1].page = 512 * PAGE;
	add(1, 300, 100);
	add(1, 600, 100);
	memset(fake_log.unplugged[1] + 512, true, DIMM - 512);
	skipped_drop_unplugged();
	fake.block[1].page = PAGE;
	walk();
	assert_int_equal(runs, 1);
	assert_run(0, 1, 300, 100);
}

static void a_new_migration_begins_with_nothing(void **state)
{
	add(0, 0, MAIN);
	assert_int_equal(skipped_start(), 0);
	walk();
	assert_int_equal(runs, 0);
}

/*
 * This process's memory in RAM, KiB; the kernel's page of zeros is none of it. Only smaps counts:
 * statm is late by some pages for each processor.
 */
static long resident(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	long kib = -1;

	assert_non_null(file);
	while (kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "Anonymous: %ld", &kib);
	fclose(file);
	assert_true(kib >= 0);
	return kib;
}

/* The record of a large guest is mostly untouched memory, and the big lock is held here. */
static void a_doubt_takes_no_memory_where_nothing_is_skipped(void **state)
{
	long before;

	skipped_stop();
	arm_release();
	fake.chunk_shift = 18;
	fake_add_block(4ULL << 30, 16ULL << 30);
	arm_acquire();
	arm_all(NULL);
	assert_int_equal(skipped_start(), 0);
	add(3, 70, 1);
	before = resident();
	skipped_doubt();
	assert_true(resident() - before < 128);
	walk();
	assert_int_equal(runs, 1);
	walk_certain();
	assert_int_equal(runs, 0);
}

RUN_TESTS(NULL, NULL,
		TEST(what_is_hinted_is_skipped),
		TEST(a_run_that_is_taken_ends_the_walk),
		TEST(what_is_written_is_skipped_no_more),
		TEST(a_write_in_the_middle_of_a_sync_counts),
		TEST(a_write_in_the_log_counts_and_stays_there),
		TEST(so_it_does_in_a_log_of_another_form),
		TEST(all_of_a_block_can_be_in_the_log),
		TEST(a_sync_of_another_thread_is_a_doubt),
		TEST(a_doubt_takes_no_memory_where_nothing_is_skipped),
		TEST(a_block_that_does_not_migrate_is_forgotten),
		TEST(a_qemu_with_another_block_is_known_as_such),
		TEST(memory_of_devices_is_not_skipped),
		TEST(what_is_not_plugged_is_forgotten),
		TEST(a_huge_page_is_plugged_as_a_whole),
		TEST(a_new_migration_begins_with_nothing),
)
