// SPDX-License-Identifier: GPL-2.0
/*
 * Records which pages were hinted in the last migration.
 *
 * Only the apply thread sets bits. The migration thread clears them while no round is open.
 * A reader may see a range that is only partly added: the result is for pictures only.
 */
#include <stdlib.h>

#include "../../../include/freehint/bitops.h"
#include "hint_map.h"
#include "../core/page_bits.h"

static struct {
	u64 *word;
	u64 pages;
} map;

int hint_map_init(u64 pages)
{
	if (map.word)
		return 0;
	map.word = calloc(page_bits_words(pages), sizeof(u64));
	if (!map.word)
		return -ENOMEM;
	map.pages = pages;
	return 0;
}

void hint_map_reset(void)
{
	u64 i, words = page_bits_words(map.pages);

	for (i = 0; i < words; i++)
		if (map.word[i])
			__atomic_store_n(&map.word[i], 0, __ATOMIC_RELAXED);
}

void hint_map_add(u64 gpa, u64 len)
{
	u64 page = gpa >> FREEHINT_PAGE_SHIFT, end = page + (len >> FREEHINT_PAGE_SHIFT);
	u64 bits, next;

	if (end > map.pages)
		end = map.pages;
	for (; page < end; page = next) {
		bits = page_bits_piece(page, end, &next);
		__atomic_fetch_or(&map.word[page / FREEHINT_WORD_BITS], bits, __ATOMIC_RELAXED);
	}
}

u64 hint_map_count(u64 first, u64 end)
{
	u64 bits, next, count = 0;

	if (end > map.pages)
		end = map.pages;
	for (; first < end; first = next) {
		bits = page_bits_piece(first, end, &next);
		bits &= __atomic_load_n(&map.word[first / FREEHINT_WORD_BITS], __ATOMIC_RELAXED);
		count += hweight64(bits);
	}
	return count;
}
