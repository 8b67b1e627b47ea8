// SPDX-License-Identifier: GPL-2.0
/*
 * When the next pass of a give-back session may begin, and how much it may give back.
 *
 * The first drain takes all, at full speed: somebody waits for it. What the guest frees
 * meanwhile it takes as well, until it has given as much as was free. What the guest frees
 * afterwards is often used again at once, with a page fault of the host's for each page. So
 * from then on a pass takes what has stayed free over some looks.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/page_reporting.h>
#include <linux/vmstat.h>

#include "../scan/free_scan.h"
#include "pace.h"
#include "../scan/page_units.h"

/* Pause after an offer that the host did not take or declined; it doubles each time. */
#define PAUSE_FIRST	(1 * HZ)
#define PAUSE_LAST	(60 * HZ)

/* Counting free pages takes at most one part in so many of the time. */
#define COUNT_SHARE	20

/* Return: @pause; before its end pace_wait() is not 0. */
static unsigned long wait_for(struct pace *pace, unsigned long pause)
{
	WRITE_ONCE(pace->not_before, jiffies + pause);
	return pause;
}

void pace_begin(struct pace *pace)
{
	wait_for(pace, 0);
	settled_reset(&pace->settled);
	pace->spare = 0;
	pace->shared = false;
	pace->restless = 0;
	pace->rest = page_units(global_zone_page_state(NR_FREE_PAGES));
	pace->refilled = false;
	pace->short_passes = 0;
	pace->refused = PAUSE_FIRST;
}

/* 0 jiffies may be almost one. Count it as one. */
static unsigned long count_is_due(const struct pace *pace)
{
	return pace->counted_at + max_t(unsigned long, pace->counted, 1) * COUNT_SHARE;
}

/*
 * The passes of the first drain share a count: what they gave is taken off. What programs use
 * or free meanwhile is in the next one.
 */
static bool has_count(const struct pace *pace)
{
	return pace->spare && time_after(count_is_due(pace), jiffies);
}

/* Return: as pace_budget(). */
static bool count_free(struct pace *pace, u64 leave, unsigned int order,
		       struct free_scan_unreported *found)
{
	unsigned long start = jiffies;

	pace->spare = 0;
	if (!free_scan_count_unreported(order, pace->may_continue, pace->data, found))
		return false;
	pace->counted_at = jiffies;
	pace->counted = pace->counted_at - start;
	pace->spare = found->pages > leave ? found->pages - leave : 0;
	return true;
}

/*
 * Count pages of all orders against @leave: small blocks also serve the guest. Count only large
 * ones as settled: small ones cannot be given back.
 */
bool pace_budget(struct pace *pace, u64 leave, unsigned int order, bool drained, u64 *budget)
{
	struct free_scan_unreported found;
	u64 settled;

	pace->restless = 0;
	pace->shared = !drained && has_count(pace);
	*budget = pace->shared ? pace->spare : U64_MAX;
	if (pace->shared)
		return true;
	pace->counted = 0;
	if (!leave && !drained)
		return true;
	if (!count_free(pace, leave, order, &found))
		return false;
	*budget = pace->spare;
	if (!drained)
		return true;
	/* Looks for another order have counted other blocks. */
	if (order != pace->order)
		settled_reset(&pace->settled);
	pace->order = order;
	settled = settled_look(&pace->settled, found.large);
	pace->restless = found.large - settled;
	*budget = min(settled, pace->spare);
	return true;
}

bool pace_count_again(struct pace *pace)
{
	if (!pace->shared)
		return false;
	pace->spare = 0;
	return true;
}

/*
 * A page that is freed beside reported blocks merges with them, and the kernel hands over all of
 * it anew. So as much may be given as was free, although some of it is left. A guest that frees
 * memory all the time would never end this, so it is done once.
 *
 * Return: true if something is left, or nobody knows since the session was over meanwhile.
 */
static bool refill_rest(struct pace *pace, unsigned int order)
{
	struct free_scan_unreported found;

	if (pace->refilled)
		return false;
	if (!free_scan_count_unreported(order, pace->may_continue, pace->data, &found))
		return true;
	pace->refilled = true;
	pace->rest = found.large;
	return pace->rest;
}

/*
 * The kernel gives up a list that is too long only after a whole batch of it
 * (page_reporting_cycle()). So a pass of less has come to the end of each list. But a list also
 * ends early where the zone is at its min watermark for a moment: hence two passes.
 */
bool pace_drain_is_over(struct pace *pace, unsigned int handed, unsigned int order)
{
	pace->short_passes = handed < PAGE_REPORTING_CAPACITY ? pace->short_passes + 1 : 0;
	return pace->short_passes > 1 || (!pace->rest && !refill_rest(pace, order));
}

void pace_given(struct pace *pace, u64 pages)
{
	settled_take(&pace->settled, pages);
	pace->spare -= min(pace->spare, pages);
	pace->rest -= min(pace->rest, pages);
	pace->refused = PAUSE_FIRST;
}

unsigned long pace_after_refusal(struct pace *pace)
{
	unsigned long pause = pace->refused;

	pace->refused = min_t(unsigned long, 2 * pause, PAUSE_LAST);
	return wait_for(pace, pause);
}

unsigned long pace_after_pass(struct pace *pace, bool drained)
{
	return wait_for(pace, drained ? PACE_LOOK : 0);
}

unsigned long pace_after_last(struct pace *pace, bool drained)
{
	unsigned long pause = pace->counted * COUNT_SHARE;

	if (drained)
		pause = max_t(unsigned long, pause, PACE_LOOK);
	return wait_for(pace, pause);
}

unsigned long pace_wait(const struct pace *pace)
{
	long rest = READ_ONCE(pace->not_before) - jiffies;

	return max(rest, 0L);
}
