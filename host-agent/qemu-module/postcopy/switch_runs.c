// SPDX-License-Identifier: GPL-2.0
/*
 * Sets the skipped pages dirty at the switch to postcopy, in few runs: each run of dirty
 * pages lengthens the guest's stop.
 *
 * Before the guest runs on the destination, QEMU tells it of every run of dirty pages, a dozen in
 * a packet, and the destination discards them one by one (postcopy_send_discard_bm_ram(),
 * loadvm_postcopy_ram_handle_discard()). After a pass the used pages are clean, so every run
 * of skipped pages is one of those. A fragmented guest has 100 000 of them in each GiB.
 *
 * Invariant: a page that is not plugged in (virtio-mem) is not set dirty. The record has no
 * page of such a piece, so a gap shorter than a piece is all plugged in.
 */
#include <string.h>

#include "../core/dirty_log.h"
#include "skipped.h"
#include "switch_runs.h"

static_assert(SWITCH_MAX_GAP < SKIPPED_PLUG_PAGES, "a gap may not hold a piece");

/*
 * @block, @first, @end: the last run, which the next one may join
 * @count: runs that were set as they are
 * @pages: skipped pages
 */
static struct {
	const struct skipped_block *block;
	u64 first, end;
	u64 count;
	u64 pages;
} runs;

/* Ends the walk when there are too many. */
static bool set_run(const struct skipped_block *block, u64 first, u64 pages)
{
	if (++runs.count > SWITCH_FEW_RUNS)
		return false;
	runs.pages += pages;
	dirty_log_set(block->region, first, pages);
	return true;
}

static void set_last_run(void)
{
	if (runs.block)
		dirty_log_set(runs.block->region, runs.first, runs.end - runs.first);
}

static bool join_run(const struct skipped_block *block, u64 first, u64 pages)
{
	if (block != runs.block || first - runs.end > SWITCH_MAX_GAP) {
		set_last_run();
		runs.block = block;
		runs.first = first;
	}
	runs.end = first + pages;
	runs.pages += pages;
	return true;
}

static void set_joined_runs(void)
{
	memset(&runs, 0, sizeof(runs));
	skipped_walk(join_run);
	set_last_run();
}

u64 switch_runs_set_dirty(void)
{
	memset(&runs, 0, sizeof(runs));
	skipped_walk(set_run);
	if (runs.count > SWITCH_FEW_RUNS)
		set_joined_runs();
	return runs.pages;
}
