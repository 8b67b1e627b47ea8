// SPDX-License-Identifier: GPL-2.0
/*
 * Records what happened to pages of the guest.
 *
 * One thread sets bits of a map, and others may read meanwhile. A reader may see a range that
 * is only partly added: the result is for pictures only.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../include/freehint/bitops.h"
#include "../core/page_bits.h"
#include "page_map.h"

struct page_map hinted_map;
struct page_map given_map;

int page_map_init(struct page_map *map, u64 pages)
{
	if (map->word)
		return 0;
	map->word = calloc(page_bits_words(pages), sizeof(u64));
	if (!map->word)
		return -ENOMEM;
	map->pages = pages;
	return 0;
}

void page_map_reset(struct page_map *map)
{
	u64 i, words = page_bits_words(map->pages);

	for (i = 0; i < words; i++)
		if (map->word[i])
			__atomic_store_n(&map->word[i], 0, __ATOMIC_RELAXED);
}

void page_map_add(struct page_map *map, u64 gpa, u64 len)
{
	u64 page = gpa >> FREEHINT_PAGE_SHIFT, end = page + (len >> FREEHINT_PAGE_SHIFT);
	u64 bits, next;

	if (end > map->pages)
		end = map->pages;
	for (; page < end; page = next) {
		bits = page_bits_piece(page, end, &next);
		__atomic_fetch_or(&map->word[page / FREEHINT_WORD_BITS], bits, __ATOMIC_RELAXED);
	}
}

u64 page_map_count(const struct page_map *map, u64 first, u64 end)
{
	u64 bits, next, count = 0;

	if (end > map->pages)
		end = map->pages;
	for (; first < end; first = next) {
		bits = page_bits_piece(first, end, &next);
		bits &= __atomic_load_n(&map->word[first / FREEHINT_WORD_BITS], __ATOMIC_RELAXED);
		count += hweight64(bits);
	}
	return count;
}
