// SPDX-License-Identifier: GPL-2.0
/*
 * Sets the bits of a run of free pages in a block's bitmap. Uses nothing of the
 * kernel, so the unit tests compile this file unchanged.
 */
#include "free_words.h"

/* Bits [@from, @to) of a word; 0 <= from < to <= 64. */
static u64 bits_between(unsigned long from, unsigned long to)
{
	return (~0ULL >> (FREEHINT_WORD_BITS - (to - from))) << from;
}

void free_words_mark(u64 *words, unsigned long pages, unsigned long first,
		     unsigned long run)
{
	unsigned long end, bit, stop;

	if (first >= pages || !run)
		return;
	end = run < pages - first ? first + run : pages;
	while (first < end) {
		bit = first % FREEHINT_WORD_BITS;
		stop = bit + (end - first);
		if (stop > FREEHINT_WORD_BITS)
			stop = FREEHINT_WORD_BITS;
		words[first / FREEHINT_WORD_BITS] |= bits_between(bit, stop);
		first += stop - bit;
	}
}

bool free_words_order_fits(unsigned long pfn, unsigned long order,
			   unsigned int max_order)
{
	return order <= max_order && !(pfn & ((1UL << order) - 1));
}
