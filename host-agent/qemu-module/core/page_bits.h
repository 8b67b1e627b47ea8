/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bitmaps with one bit per page, in words: which bits of a word belong to a range of pages.
 */
#ifndef FREEHINT_PAGE_BITS_H
#define FREEHINT_PAGE_BITS_H

#include <stdbool.h>

#include "../../../include/freehint/shm_layout.h"

/** page_bits_words() - number of words for the bits of @pages pages */
static inline u64 page_bits_words(u64 pages)
{
	return (pages + FREEHINT_WORD_BITS - 1) / FREEHINT_WORD_BITS;
}

/**
 * page_bits_piece() - bits of the first word of a range of pages
 * @page: first page
 * @end:  end of the range, above @page
 * @next: set to the first page that is not in this word, at most @end
 *
 * Return: mask of the pages of the range in word @page / FREEHINT_WORD_BITS.
 */
static inline u64 page_bits_piece(u64 page, u64 end, u64 *next)
{
	u64 from = page % FREEHINT_WORD_BITS, stop = page - from + FREEHINT_WORD_BITS;

	*next = end < stop ? end : stop;
	return (~0ULL >> (FREEHINT_WORD_BITS - (*next - page))) << from;
}

/** page_bits_set() - set the bits of the pages [@page, @end) in @word */
static inline void page_bits_set(u64 *word, u64 page, u64 end)
{
	u64 next;

	for (; page < end; page = next)
		word[page / FREEHINT_WORD_BITS] |= page_bits_piece(page, end, &next);
}

/**
 * page_bits_set_bytes() - set the bits of the part of a byte range that lies in a RAM block
 * @word:  bitmap of the block
 * @host:  first byte of the block
 * @pages: size of the block, pages
 * @hva:   first byte of the range
 * @len:   length of the range, bytes; the part beyond the block is ignored
 *
 * Return: true if the range starts in the block.
 */
static inline bool page_bits_set_bytes(u64 *word, const u8 *host, u64 pages, const u8 *hva,
				       u64 len)
{
	u64 page, end;

	if (hva < host)
		return false;
	page = (u64)(hva - host) >> FREEHINT_PAGE_SHIFT;
	if (page >= pages)
		return false;
	end = page + (len >> FREEHINT_PAGE_SHIFT);
	page_bits_set(word, page, end < pages ? end : pages);
	return true;
}

#endif /* FREEHINT_PAGE_BITS_H */
