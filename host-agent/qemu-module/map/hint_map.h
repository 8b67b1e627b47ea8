/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records which pages were hinted in the last migration: one bit for each page that the region
 * can describe. Sums of the bits are shown in pictures.
 */
#ifndef FREEHINT_HINT_MAP_H
#define FREEHINT_HINT_MAP_H

#include "../../../include/freehint/types.h"

/**
 * hint_map_init() - allocate the bitmap, once
 * @pages: number of guest pages from 0 that it covers
 *
 * Return: 0 or -ENOMEM.
 */
int hint_map_init(u64 pages);

/**
 * hint_map_reset() - clear the bitmap for a new migration
 *
 * Context: no round is open. Call it without the BQL: it takes 10 ms for the bitmap of 2 TiB.
 */
void hint_map_reset(void);

/**
 * hint_map_add() - record pages that were cleared in the dirty bitmap; apply thread only
 * @gpa: first byte, a multiple of the page size
 * @len: bytes, a multiple of the page size
 */
void hint_map_add(u64 gpa, u64 len);

/** hint_map_count() - how many of the pages [@first, @end) were hinted? Any thread */
u64 hint_map_count(u64 first, u64 end);

#endif /* FREEHINT_HINT_MAP_H */
