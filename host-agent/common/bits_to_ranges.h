/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Converts the words of a bitmap of free pages to byte ranges in address order. A run may
 * extend across words and across chunks. Pure: no shared memory, no clock, no I/O.
 */
#ifndef FREEHINT_BITS_TO_RANGES_H
#define FREEHINT_BITS_TO_RANGES_H

#include "include/freehint/bitops.h"
#include "include/freehint/qmp_names.h"
#include "include/freehint/types.h"

/**
 * struct bits_to_ranges - a conversion in progress
 * @words:     current chunk; must stay valid until all of it is converted
 * @base:      pfn of the chunk's first bit
 * @pos:       next bit of the chunk to look at
 * @bits:      bits in the chunk
 * @run_start: first pfn of the open run
 * @run_pages: pages in the open run, 0 when no run is open
 */
struct bits_to_ranges {
	const u64 *words;
	u64 base;
	u64 pos;
	u64 bits;
	u64 run_start;
	u64 run_pages;
};

/** bits_to_ranges_reset() - drop the chunk and the open run */
void bits_to_ranges_reset(struct bits_to_ranges *conv);

/**
 * bits_to_ranges_load() - set the next chunk
 * @conv:  conversion whose last chunk was converted completely
 * @pfn:   page of the first bit, the end of the last chunk or later
 * @words: bit n of word w is page @pfn + 64 * w + n; 1 means free
 * @count: number of words
 */
void bits_to_ranges_load(struct bits_to_ranges *conv, u64 pfn, const u64 *words,
			 u64 count);

/** bits_to_ranges_busy() - does the chunk have words that were not converted yet? */
bool bits_to_ranges_busy(const struct bits_to_ranges *conv);

/**
 * bits_to_ranges_take() - convert up to @max ranges, or to the end of the chunk
 * @conv: conversion
 * @out:  room for @max ranges, bytes
 * @max:  most ranges to write
 *
 * A run that reaches the end of the chunk stays open, because the next chunk may
 * continue it. If a gap precedes the next chunk, the run is returned then.
 *
 * Return: number of ranges written.
 */
unsigned int bits_to_ranges_take(struct bits_to_ranges *conv,
				 struct freehint_range *out, unsigned int max);

/**
 * bits_to_ranges_flush() - end the open run at its current end
 * @conv: conversion
 * @out:  room for one range
 *
 * Return: 1 when there was an open run, else 0.
 */
unsigned int bits_to_ranges_flush(struct bits_to_ranges *conv, struct freehint_range *out);

/** bits_count() - number of set bits in @count words */
static inline u64 bits_count(const u64 *words, u64 count)
{
	u64 i, bits = 0;

	for (i = 0; i < count; i++)
		bits += hweight64(words[i]);
	return bits;
}

#endif /* FREEHINT_BITS_TO_RANGES_H */
