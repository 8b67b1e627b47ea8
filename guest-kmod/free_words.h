/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words of a block's bitmap: runs of free pages become bits. Knows nothing of the
 * kernel, so the unit tests compile it as it is.
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
 * Bits that are set already stay set. What lies beyond the block is cut off.
 */
void free_words_mark(u64 *words, unsigned long pages, unsigned long first,
		     unsigned long run);

/**
 * free_words_order_fits() - can a free page of this order begin here?
 * @pfn:       where it begins
 * @order:     its order as found
 * @max_order: highest order the allocator knows
 *
 * Return: true when the order exists and @pfn is aligned to it.
 */
bool free_words_order_fits(unsigned long pfn, unsigned long order,
			   unsigned int max_order);

#endif /* FREEHINT_FREE_WORDS_H */
