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

#include "pace.h"

/* Pause after an offer that the host did not take or declined; it doubles each time. */
#define PAUSE_FIRST	(1 * HZ)
#define PAUSE_LAST	(60 * HZ)

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
	free_count_begin(&pace->count);
	first_drain_begin(&pace->drain);
	pace->unsettled = 0;
	pace->refusal_pause = PAUSE_FIRST;
}

/*
 * Count only large pages as settled: small ones cannot be given back.
 *
 * Return: pages that have settled.
 */
static u64 look(struct pace *pace, unsigned int order, u64 large)
{
	u64 settled;

	/* Looks for another order have counted other blocks. */
	if (order != pace->order)
		settled_reset(&pace->settled);
	pace->order = order;
	settled = settled_look(&pace->settled, large);
	pace->unsettled = large - settled;
	return settled;
}

/* Count pages of all orders against @leave: small blocks also serve the guest. */
bool pace_budget(struct pace *pace, u64 leave, unsigned int order, bool drained, u64 *budget)
{
	struct free_count *count = &pace->count;
	struct free_scan_unreported found;

	pace->unsettled = 0;
	if (!drained && free_count_share(count)) {
		*budget = count->allowed;
		return true;
	}
	free_count_forget(count);
	*budget = U64_MAX;
	if (!leave && !drained)
		return true;
	if (!free_count_run(count, leave, order, pace->may_continue, pace->data, &found))
		return false;
	*budget = count->allowed;
	if (drained)
		*budget = min(look(pace, order, found.large), count->allowed);
	return true;
}

bool pace_is_settled(const struct pace *pace, unsigned int order)
{
	return !(pace->unsettled >> order);
}

bool pace_count_again(struct pace *pace)
{
	return free_count_drop(&pace->count);
}

bool pace_drain_is_over(struct pace *pace, unsigned int handed, unsigned int order)
{
	return first_drain_is_over(&pace->drain, handed, order, pace->may_continue, pace->data);
}

void pace_given(struct pace *pace, u64 pages)
{
	settled_take(&pace->settled, pages);
	free_count_given(&pace->count, pages);
	first_drain_given(&pace->drain, pages);
	pace->refusal_pause = PAUSE_FIRST;
}

unsigned long pace_after_refusal(struct pace *pace)
{
	unsigned long pause = pace->refusal_pause;

	pace->refusal_pause = min_t(unsigned long, 2 * pause, PAUSE_LAST);
	return wait_for(pace, pause);
}

unsigned long pace_after_pass(struct pace *pace, bool drained)
{
	return wait_for(pace, drained ? PACE_LOOK : 0);
}

unsigned long pace_after_last(struct pace *pace, bool drained)
{
	unsigned long pause = free_count_pause(&pace->count);

	if (drained)
		pause = max_t(unsigned long, pause, PACE_LOOK);
	return wait_for(pace, pause);
}

unsigned long pace_wait(const struct pace *pace)
{
	long rest = READ_ONCE(pace->not_before) - jiffies;

	return max(rest, 0L);
}
