/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words of a bitmap of free pages in, byte ranges in address order out. Runs go
 * on across words and across chunks. Pure: no shared memory, no clock, no I/O.
 */
#ifndef FREEHINT_BITS_TO_RANGES_H
#define FREEHINT_BITS_TO_RANGES_H

#include "include/freehint/qmp_names.h"
#include "include/freehint/types.h"

/**
 * struct bits_to_ranges - a conversion in progress
 * @words:     current chunk; the caller keeps it until it is used up
 * @base:      pfn of the chunk's first bit
 * @pos:       next bit of the chunk to look at
 * @bits:      bits in the chunk
 * @run_start: pfn where the open run begins
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

/** bits_to_ranges_reset() - forget the chunk and the open run */
void bits_to_ranges_reset(struct bits_to_ranges *conv);

/**
 * bits_to_ranges_load() - give the next chunk
 * @conv:  conversion whose last chunk is used up
 * @pfn:   page of the first bit, the end of the last chunk or later
 * @words: bit n of word w is page @pfn + 64 * w + n; 1 means free
 * @count: number of words
 */
void bits_to_ranges_load(struct bits_to_ranges *conv, u64 pfn, const u64 *words,
			 u64 count);

/** bits_to_ranges_busy() - is there a chunk that is not used up? */
bool bits_to_ranges_busy(const struct bits_to_ranges *conv);

/**
 * bits_to_ranges_take() - convert until @max ranges are out or the chunk is used up
 * @conv: conversion
 * @out:  room for @max ranges, bytes
 * @max:  ranges wanted at most
 *
 * A run that touches the end of the chunk stays open: it may go on in the next,
 * and is given when the next begins behind a gap.
 *
 * Return: number of ranges written.
 */
unsigned int bits_to_ranges_take(struct bits_to_ranges *conv,
				 struct freehint_range *out, unsigned int max);

/**
 * bits_to_ranges_cut() - end the open run where it stands
 * @conv: conversion
 * @out:  room for one range
 *
 * Return: 1 when there was an open run, else 0.
 */
unsigned int bits_to_ranges_cut(struct bits_to_ranges *conv, struct freehint_range *out);

/** bits_count() - bits that are set in @count words */
static inline u64 bits_count(const u64 *words, u64 count)
{
	u64 i, bits = 0;

	for (i = 0; i < count; i++)
		bits += (u64)__builtin_popcountll(words[i]);
	return bits;
}

#endif /* FREEHINT_BITS_TO_RANGES_H */
