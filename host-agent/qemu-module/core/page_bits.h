/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bit for each page, in words: which bits of a word belong to a range of pages.
 */
#ifndef FREEHINT_PAGE_BITS_H
#define FREEHINT_PAGE_BITS_H

#include <stdbool.h>

#include "../../../include/freehint/shm_layout.h"

/** page_bits_words() - words that hold the bits of @pages pages */
static inline u64 page_bits_words(u64 pages)
{
	return (pages + FREEHINT_WORD_BITS - 1) / FREEHINT_WORD_BITS;
}

/**
 * page_bits_piece() - the first word of a range of pages
 * @page: first page
 * @end:  end of the range, above @page
 * @next: filled with the first page that is not in this word, at most @end
 *
 * Return: the bits of word @page / FREEHINT_WORD_BITS that stand for pages of the range.
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
 * page_bits_set_bytes() - set the bits of what lies in a RAM block of a range of bytes
 * @word:  the block's bits
 * @host:  the block's first byte
 * @pages: its size
 * @hva:   first byte of the range
 * @len:   its length, in bytes; what goes beyond the block is left out
 *
 * Return: whether the range begins in the block.
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
