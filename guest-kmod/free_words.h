/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets the bits of a run of free pages in a block's bitmap. Uses nothing of the
 * kernel, so the unit tests compile this file unchanged.
 */
#ifndef FREEHINT_FREE_WORDS_H
#define FREEHINT_FREE_WORDS_H

#include "../include/freehint/shm_layout.h"

/**
 * free_words_mark() - set the bits of a run of free pages
 * @words: bitmap of one block; bit n of word w is page 64 * w + n of the block
 * @pages: pages in the block, a multiple of 64
 * @first: first page of the run, counted from the start of the block
 * @run:   pages in the run
 *
 * Bits that are already set stay set. Pages beyond the end of the block are ignored.
 * Any context.
 */
void free_words_mark(u64 *words, unsigned long pages, unsigned long first,
		     unsigned long run);

/**
 * free_words_order_fits() - can a free page of this order start at @pfn?
 * @pfn:       first pfn of the page
 * @order:     order that was read from the struct page
 * @max_order: highest order of the allocator
 *
 * Return: true if @order is at most @max_order and @pfn is aligned to it.
 */
bool free_words_order_fits(unsigned long pfn, unsigned long order,
			   unsigned int max_order);

#endif /* FREEHINT_FREE_WORDS_H */
