/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that prove their content: every word of a page follows from its number and
 * the generation of its last write, which the owner remembers elsewhere.
 */
#ifndef PAGE_CONTENT_H
#define PAGE_CONTENT_H

#include "guest_util.h"

#include <stdbool.h>

#define PAGE_WORDS	(PAGE / 8)

/**
 * struct page - what one page carries
 * @index:      number of the page
 * @generation: of its last write; the owner remembers it elsewhere too
 * @body:       words computed from the two
 * @sum:        sum of the words before it
 */
struct page {
	uint64_t index;
	uint64_t generation;
	uint64_t body[PAGE_WORDS - 3];
	uint64_t sum;
};

static inline uint64_t page_seed(uint64_t index, uint64_t generation)
{
	return (index * 0x9e3779b97f4a7c15ULL ^ generation * 0xc2b2ae3d27d4eb4fULL) | 1;
}

/**
 * page_write() - write a page's next generation
 * @page:       the page
 * @index:      its number
 * @generation: of this write
 */
static inline void page_write(struct page *page, uint64_t index, uint64_t generation)
{
	uint64_t word = page_seed(index, generation);
	uint64_t sum = index + generation;
	size_t i;

	page->index = index;
	page->generation = generation;
	for (i = 0; i < PAGE_WORDS - 3; i++) {
		word += 0x9e3779b97f4a7c15ULL;
		page->body[i] = word;
		sum += word;
	}
	page->sum = sum;
}

/**
 * page_is_good() - does a page carry what page_write() wrote?
 * @page:       the page
 * @index:      its number
 * @generation: of its last write
 *
 * Return: false when a single bit differs.
 */
static inline bool page_is_good(const struct page *page, uint64_t index, uint64_t generation)
{
	uint64_t word = page_seed(index, generation);
	uint64_t sum = index + generation;
	uint64_t wrong = (page->index ^ index) | (page->generation ^ generation);
	size_t i;

	for (i = 0; i < PAGE_WORDS - 3; i++) {
		word += 0x9e3779b97f4a7c15ULL;
		wrong |= page->body[i] ^ word;
		sum += word;
	}
	return !(wrong | (page->sum ^ sum));
}

/** page_is_zero() - is every bit of a page 0? @page: the page */
static inline bool page_is_zero(const struct page *page)
{
	const uint64_t *words = (const uint64_t *)page;
	uint64_t any = 0;
	size_t i;

	for (i = 0; i < PAGE_WORDS; i++)
		any |= words[i];
	return !any;
}

#endif /* PAGE_CONTENT_H */
