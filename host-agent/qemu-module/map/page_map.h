/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records what happened to pages of the guest: one bit for each page that the region can
 * describe. Sums of the bits are shown in pictures.
 */
#ifndef FREEHINT_PAGE_MAP_H
#define FREEHINT_PAGE_MAP_H

#include <stdbool.h>

#include "../../../include/freehint/types.h"

/**
 * struct page_map - a bitmap of guest pages; without memory until page_map_init()
 * @word:  bits, page 0 first
 * @pages: number of bits
 */
struct page_map {
	u64 *word;
	u64 pages;
};

/* Pages that were cleared in the dirty bitmap in the last migration; apply thread sets. */
extern struct page_map hinted_map;
/* Pages that were discarded since QEMU started; set under the BQL. */
extern struct page_map given_map;

/**
 * page_map_init() - allocate the bitmap, once
 * @map:   map
 * @pages: number of guest pages from 0 that it covers; ignored if it has memory already
 *
 * Return: 0 or -ENOMEM.
 */
int page_map_init(struct page_map *map, u64 pages);

/**
 * page_map_reset() - clear the bitmap
 * @map: map
 *
 * Context: nobody adds pages. Call it without the BQL: it takes 10 ms for the bitmap of 2 TiB.
 */
void page_map_reset(struct page_map *map);

/**
 * page_map_add() - record pages; one thread at a time
 * @map: map; without memory nothing is recorded
 * @gpa: first byte, a multiple of the page size
 * @len: bytes, a multiple of the page size
 */
void page_map_add(struct page_map *map, u64 gpa, u64 len);

/** page_map_count() - how many of the pages [@first, @end) are recorded? Any thread */
u64 page_map_count(const struct page_map *map, u64 first, u64 end);

/** page_map_has() - is the page recorded? Any thread */
static inline bool page_map_has(const struct page_map *map, u64 page)
{
	return page_map_count(map, page, page + 1);
}

#endif /* FREEHINT_PAGE_MAP_H */
