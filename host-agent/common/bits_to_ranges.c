// SPDX-License-Identifier: GPL-2.0
/*
 * Converts the words of a bitmap of free pages to byte ranges in address order.
 */
#include "bits_to_ranges.h"

#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"

#define MAX_RUN_PAGES	(FREEHINT_MAX_RANGE_BYTES >> FREEHINT_PAGE_SHIFT)

void bits_to_ranges_reset(struct bits_to_ranges *conv)
{
	*conv = (struct bits_to_ranges){ 0 };
}

void bits_to_ranges_load(struct bits_to_ranges *conv, u64 pfn, const u64 *words,
			 u64 count)
{
	conv->words = words;
	conv->base = pfn;
	conv->pos = 0;
	conv->bits = count * FREEHINT_WORD_BITS;
}

bool bits_to_ranges_busy(const struct bits_to_ranges *conv)
{
	return conv->pos < conv->bits;
}

/* First bit at or after @pos that is set (@flip 0) or clear (@flip all ones). */
static u64 next_bit(const struct bits_to_ranges *conv, u64 pos, u64 flip)
{
	u64 index = pos / FREEHINT_WORD_BITS;
	u64 word;

	word = (conv->words[index] ^ flip) & (~0ULL << (pos % FREEHINT_WORD_BITS));
	while (!word) {
		if (++index == conv->bits / FREEHINT_WORD_BITS)
			return conv->bits;
		word = conv->words[index] ^ flip;
	}
	return index * FREEHINT_WORD_BITS + (u64)__builtin_ctzll(word);
}

unsigned int bits_to_ranges_flush(struct bits_to_ranges *conv, struct freehint_range *out)
{
	if (!conv->run_pages)
		return 0;
	out->start = conv->run_start << FREEHINT_PAGE_SHIFT;
	out->length = conv->run_pages << FREEHINT_PAGE_SHIFT;
	conv->run_pages = 0;
	return 1;
}

/* Extend the open run by the set bits from @pos on, up to MAX_RUN_PAGES. */
static void grow_run(struct bits_to_ranges *conv)
{
	u64 end = next_bit(conv, conv->pos, ~0ULL);
	u64 more = end - conv->pos;

	if (!conv->run_pages)
		conv->run_start = conv->base + conv->pos;
	if (more > MAX_RUN_PAGES - conv->run_pages)
		more = MAX_RUN_PAGES - conv->run_pages;
	conv->run_pages += more;
	conv->pos += more;
}

/* Does a gap precede the chunk? Then the open run ends before the gap. */
static bool run_has_ended(const struct bits_to_ranges *conv)
{
	return conv->run_pages &&
	       conv->run_start + conv->run_pages != conv->base + conv->pos;
}

unsigned int bits_to_ranges_take(struct bits_to_ranges *conv,
				 struct freehint_range *out, unsigned int max)
{
	unsigned int count = 0;

	while (count < max && conv->pos < conv->bits) {
		if (run_has_ended(conv)) {
			count += bits_to_ranges_flush(conv, &out[count]);
			continue;
		}
		if (!conv->run_pages)
			conv->pos = next_bit(conv, conv->pos, 0);
		if (conv->pos == conv->bits)
			break;
		grow_run(conv);
		if (conv->pos < conv->bits || conv->run_pages == MAX_RUN_PAGES)
			count += bits_to_ranges_flush(conv, &out[count]);
	}
	return count;
}
