// SPDX-License-Identifier: GPL-2.0
/*
 * The last count of free pages: how much of them may be given back, and when counting is due again,
 * since it takes long.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>

#include "free_count.h"

/* Counting free pages takes at most one part in so many of the time. */
#define COUNT_SHARE	20

void free_count_begin(struct free_count *count)
{
	count->allowed = 0;
	count->shared = false;
}

/* 0 jiffies may be almost one. Count it as one. */
static unsigned long is_due_at(const struct free_count *count)
{
	return count->ended + max_t(unsigned long, count->took, 1) * COUNT_SHARE;
}

/*
 * The passes of the first drain share a count: what they gave is taken off. What programs use
 * or free meanwhile is in the next one.
 */
bool free_count_share(struct free_count *count)
{
	count->shared = count->allowed && time_after(is_due_at(count), jiffies);
	return count->shared;
}

void free_count_forget(struct free_count *count)
{
	count->shared = false;
	count->took = 0;
}

bool free_count_run(struct free_count *count, u64 leave, unsigned int order,
		    bool (*may_continue)(void *data), void *data,
		    struct free_scan_unreported *found)
{
	unsigned long start = jiffies;

	count->allowed = 0;
	if (!free_scan_count_unreported(order, may_continue, data, found))
		return false;
	count->ended = jiffies;
	count->took = count->ended - start;
	count->allowed = found->pages > leave ? found->pages - leave : 0;
	return true;
}

unsigned long free_count_pause(const struct free_count *count)
{
	return count->took * COUNT_SHARE;
}

bool free_count_drop(struct free_count *count)
{
	if (!count->shared)
		return false;
	count->allowed = 0;
	return true;
}

void free_count_given(struct free_count *count, u64 pages)
{
	count->allowed -= min(count->allowed, pages);
}
