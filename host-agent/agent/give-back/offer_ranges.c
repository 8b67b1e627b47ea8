// SPDX-License-Identifier: GPL-2.0
/*
 * Converts the blocks of an offer to byte ranges in address order. The guest takes blocks
 * from free lists, which are in no order; and a hostile guest may offer a block twice.
 */
#include "offer_ranges.h"

#include "proto/host_offer.h"

/*
 * qsort() of glibc before 2.37 asks the kernel for the size of the memory when the table has 1024
 * bytes, as a full offer has, and the sandbox forbids that. A table of this size needs no more
 * than this.
 */
static void sort_blocks(u64 *block, unsigned int count)
{
	unsigned int i, at;
	u64 next, pfn;

	for (i = 1; i < count; i++) {
		next = block[i];
		pfn = freehint_block_pfn(next);
		for (at = i; at && freehint_block_pfn(block[at - 1]) > pfn; at--)
			block[at] = block[at - 1];
		block[at] = next;
	}
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

	sort_blocks(offer->block, offer->count);
	for (i = 0; i < offer->count; i++) {
		next = range_of(offer->block[i]);
		if (!count || !merge(&out[count - 1], &next))
			out[count++] = next;
	}
	return count;
}
