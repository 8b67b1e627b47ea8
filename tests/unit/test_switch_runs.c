// SPDX-License-Identifier: GPL-2.0
/*
 * Skipped pages are set dirty in few runs: as they are while they are few, else with the
 * short gaps between them, and with nothing else.
 */
/* links: host-agent/qemu-module/postcopy/switch_runs.c tests/fakes/fake_qemu.c */
#include "host-agent/qemu-module/core/dirty_log.h"
#include "host-agent/qemu-module/postcopy/skipped.h"
#include "host-agent/qemu-module/postcopy/switch_runs.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

#define BLOCKS	2
#define PAGES	(16 * SWITCH_FEW_RUNS)	/* of a block */

/* The record and the log; a region is its block's number plus 1. */
static struct {
	bool skipped[BLOCKS][PAGES];
	bool dirty[BLOCKS][PAGES];
} memory;

static unsigned int index_of(const MemoryRegion *mr)
{
	return (unsigned int)((uintptr_t)mr - 1);
}

/* In place of dirty_log.c. */
void dirty_log_set(MemoryRegion *mr, u64 page, u64 pages)
{
	assert_true(pages && page + pages <= PAGES);
	memset(&memory.dirty[index_of(mr)][page], true, pages);
}

static u64 end_of_run(const bool *flag, u64 first)
{
	while (first < PAGES && flag[first])
		first++;
	return first;
}

/* In place of skipped.c. */
void skipped_walk(skipped_run_fn *run)
{
	struct skipped_block block[BLOCKS] = { { .pages = PAGES }, { .pages = PAGES } };
	u64 first, end;
	uintptr_t i;

	for (i = 0; i < BLOCKS; i++) {
		block[i].region = (MemoryRegion *)(i + 1);
		for (first = 0; first < PAGES; first = end + 1) {
			end = end_of_run(memory.skipped[i], first);
			if (end > first && !run(&block[i], first, end - first))
				return;
		}
	}
}

static int setup(void **state)
{
	memset(&memory, 0, sizeof(memory));
	return 0;
}

static int teardown(void **state)
{
	return 0;
}

/* @count runs of one page with @gap pages between them; returns the page behind the last. */
static u64 skip_runs(unsigned int block, u64 first, unsigned int count, u64 gap)
{
	for (; count; count--, first += 1 + gap)
		memory.skipped[block][first] = true;
	return first;
}

static unsigned int runs_of(const bool *flag)
{
	unsigned int runs = 0;
	u64 first, end;

	for (first = 0; first < PAGES; first = end + 1) {
		end = end_of_run(flag, first);
		runs += end > first;
	}
	return runs;
}

static void assert_all_dirty(void)
{
	unsigned int i, page;

	for (i = 0; i < BLOCKS; i++)
		for (page = 0; page < PAGES; page++)
			assert_true(memory.dirty[i][page] || !memory.skipped[i][page]);
}

static void few_runs_stay_as_they_are(void **state)
{
	skip_runs(0, 5, SWITCH_FEW_RUNS / 2, 1);
	skip_runs(1, 0, SWITCH_FEW_RUNS / 2, 10);
	assert_int_equal(switch_runs_set_dirty(), SWITCH_FEW_RUNS);
	assert_memory_equal(memory.dirty, memory.skipped, sizeof(memory.dirty));
	memset(&memory, 0, sizeof(memory));
	assert_int_equal(switch_runs_set_dirty(), 0);
	assert_int_equal(runs_of(memory.dirty[0]), 0);
}

static void many_are_joined_where_gaps_are_short(void **state)
{
	u64 next = skip_runs(0, 1, SWITCH_FEW_RUNS, 1);

	skip_runs(0, next + SWITCH_MAX_GAP, 100, SWITCH_MAX_GAP);
	skip_runs(1, 0, 100, SWITCH_MAX_GAP + 1);
	assert_int_equal(switch_runs_set_dirty(), SWITCH_FEW_RUNS + 200);
	assert_all_dirty();
	assert_int_equal(runs_of(memory.dirty[0]), 2);
	assert_int_equal(runs_of(memory.dirty[1]), 100);
}

static void nothing_outside_of_runs_becomes_dirty(void **state)
{
	u64 next = skip_runs(1, 100, SWITCH_FEW_RUNS + 1, 2);

	skip_runs(0, PAGES - 1, 1, 0);
	switch_runs_set_dirty();
	assert_int_equal(end_of_run(memory.dirty[1], 100), next - 2);
	assert_int_equal(runs_of(memory.dirty[1]), 1);
	assert_int_equal(runs_of(memory.dirty[0]), 1);
	assert_false(memory.dirty[0][PAGES - 2]);
}

RUN_TESTS(NULL, NULL,
		TEST(few_runs_stay_as_they_are),
		TEST(many_are_joined_where_gaps_are_short),
		TEST(nothing_outside_of_runs_becomes_dirty),
)
