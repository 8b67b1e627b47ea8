/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pages were hinted in the last migration: a bit for each page that the region can
 * describe, and sums of them for pictures.
 */
#ifndef FREEHINT_HINT_MAP_H
#define FREEHINT_HINT_MAP_H

#include "../../../include/freehint/types.h"

/**
 * hint_map_init() - allocate the bitmap, once
 * @pages: guest pages from 0 that it has to describe
 *
 * Return: 0 or -ENOMEM.
 */
int hint_map_init(u64 pages);

/**
 * hint_map_reset() - a new migration: nothing is hinted
 *
 * No round is open. Takes 10 ms for the bitmap of 2 TiB: without the BQL.
 */
void hint_map_reset(void);

/**
 * hint_map_add() - these pages were given to the dirty bitmap; apply thread only
 * @gpa: first byte, a multiple of the page size
 * @len: bytes, likewise
 */
void hint_map_add(u64 gpa, u64 len);

/** hint_map_count() - how many of the pages [@first, @end) were hinted; any thread */
u64 hint_map_count(u64 first, u64 end);

#endif /* FREEHINT_HINT_MAP_H */
