/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Converts between pages of this kernel, which may be 4, 16 or 64 KiB, and the 4 KiB pages
 * of the shared region. Uses nothing of the kernel but PAGE_SHIFT and BITS_PER_LONG.
 */
#ifndef FREEHINT_PAGE_UNITS_H
#define FREEHINT_PAGE_UNITS_H

#include "../../include/freehint/shm_layout.h"

/* A page of this kernel is 2^PAGE_UNITS_SHIFT pages of the region. */
#define PAGE_UNITS_SHIFT	(PAGE_SHIFT - FREEHINT_PAGE_SHIFT)

static_assert(PAGE_UNITS_SHIFT >= 0 && PAGE_UNITS_SHIFT <= 4,
	      "a page of this kernel is 4 to 64 KiB");
static_assert(BITS_PER_LONG == 64, "the kernel's bitmaps have words of 64 bits");

/**
 * page_units() - convert a pfn or a number of pages
 * @pages: of this kernel
 *
 * Return: the same in pages of the region.
 */
static inline u64 page_units(u64 pages)
{
	return pages << PAGE_UNITS_SHIFT;
}

/**
 * page_units_word() - one word of the region's bitmap
 * @map:  bitmap with a bit for each page of this kernel
 * @word: number of the word, counted from the first page of @map
 *
 * Return: the word; every bit of @map appears 2^PAGE_UNITS_SHIFT times.
 */
static inline u64 page_units_word(const unsigned long *map, unsigned long word)
{
	const unsigned int pages = FREEHINT_WORD_BITS >> PAGE_UNITS_SHIFT;
	const u64 page = ~0ULL >> (FREEHINT_WORD_BITS - (1U << PAGE_UNITS_SHIFT));
	unsigned long first = word * pages;
	u64 seen = map[first / BITS_PER_LONG] >> first % BITS_PER_LONG;
	u64 bits = 0;
	unsigned int i;

	if (!PAGE_UNITS_SHIFT)
		return seen;
	for (i = 0; i < pages; i++)
		if (seen >> i & 1)
			bits |= page << (i << PAGE_UNITS_SHIFT);
	return bits;
}

/**
 * page_units_order() - convert an order of the region into one of this kernel
 * @order: order of a block, in pages of the region
 *
 * Return: smallest order, from 1, of a block of this kernel that is at least as large.
 */
static inline unsigned int page_units_order(unsigned int order)
{
	return order > PAGE_UNITS_SHIFT ? order - PAGE_UNITS_SHIFT : 1;
}

#endif /* FREEHINT_PAGE_UNITS_H */
