// SPDX-License-Identifier: GPL-2.0
/*
 * Converts the blocks of an offer to byte ranges in address order. The guest takes blocks
 * from free lists, which are in no order; and a hostile guest may offer a block twice.
 */
#include "offer_ranges.h"

#include <stdlib.h>

#include "proto/host_offer.h"

static int compare_blocks(const void *a, const void *b)
{
	u64 left = freehint_block_pfn(*(const u64 *)a);
	u64 right = freehint_block_pfn(*(const u64 *)b);

	return (left > right) - (left < right);
}

static struct freehint_range range_of(u64 block)
{
	return (struct freehint_range){
		.start = freehint_block_pfn(block) << FREEHINT_PAGE_SHIFT,
		.length = freehint_block_pages(block) << FREEHINT_PAGE_SHIFT,
	};
}

/* Extend @to by @next, which does not start before it. Return: false if there is a gap. */
static bool merge(struct freehint_range *to, const struct freehint_range *next)
{
	u64 end = next->start + next->length;

	if (next->start > to->start + to->length)
		return false;
	if (end > to->start + to->length)
		to->length = end - to->start;
	return true;
}

unsigned int offer_ranges(struct freehint_offer *offer, struct freehint_range *out)
{
	unsigned int i, count = 0;
	struct freehint_range next;

	qsort(offer->block, offer->count, sizeof(offer->block[0]), compare_blocks);
	for (i = 0; i < offer->count; i++) {
		next = range_of(offer->block[i]);
		if (!count || !merge(&out[count - 1], &next))
			out[count++] = next;
	}
	return count;
}
