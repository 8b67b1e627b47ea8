/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory in cells, and what became of the pages of each: what every picture shows.
 */
#ifndef FREEHINT_MAP_CELLS_H
#define FREEHINT_MAP_CELLS_H

#include <jansson.h>

#include "include/freehint/limits.h"
#include "include/freehint/types.h"
#include "proto/host_snapshot.h"

/**
 * enum page_class - what became of a page of RAM in the last migration
 * @PAGE_SENT:   in use: never hinted, so it was sent
 * @PAGE_AGAIN:  hinted, and in use when the guest was last asked: sent if it was written
 * @PAGE_KEPT:   hinted, and still free when the guest was last asked: kept off the wire
 * @PAGE_FREE:   free when the guest was last asked, but never hinted
 */
enum page_class {
	PAGE_SENT,
	PAGE_AGAIN,
	PAGE_KEPT,
	PAGE_FREE,
	PAGE_CLASS_COUNT,
};

/**
 * struct map_cells - all of it
 * @count:    cells
 * @per_cell: pages in each
 * @pages:    pages from 0 to the end of the guest's memory
 * @ram:      pages of RAM in each cell; holes have none
 * @hinted:   of them, hinted in the last migration
 * @unused:   of them, free when the guest was last asked
 */
struct map_cells {
	u32 count;
	u64 per_cell;
	u64 pages;
	u64 ram[FREEHINT_MAX_CELLS];
	u64 hinted[FREEHINT_MAX_CELLS];
	u64 unused[FREEHINT_MAX_CELLS];
};

/**
 * map_cells_parse() - take the answer to x-freehint-map
 * @cells:  filled
 * @answer: of QEMU
 *
 * Return: 0, or -EPROTO when it makes no sense.
 */
int map_cells_parse(struct map_cells *cells, const json_t *answer);

/**
 * map_cells_add_free() - add up what the guest last said is free
 * @cells:  from map_cells_parse()
 * @reader: the shared memory; the guest may write it meanwhile
 * @round:  the round in which it said so
 *
 * Return: 0; -ENODATA when it has not answered that round, or went on meanwhile.
 */
int map_cells_add_free(struct map_cells *cells, const struct freehint_reader *reader,
		       u64 round);

/**
 * map_cells_class() - pages of a class in a cell
 *
 * Only sums are known of a cell, no pages: "again" is the least that must have been used
 * again, and a page that was freed where another was used again is not told apart.
 */
u64 map_cells_class(const struct map_cells *cells, u32 cell, enum page_class class);

/** map_cells_total() - pages of a class in all cells */
u64 map_cells_total(const struct map_cells *cells, enum page_class class);

/** map_cells_main() - the class that most pages of a cell have; PAGE_CLASS_COUNT: a hole */
enum page_class map_cells_main(const struct map_cells *cells, u32 cell);

/**
 * map_cells_shade() - how much of a cell has its main class, 1 to 4
 *
 * For pictures in which a cell has one colour.
 */
unsigned int map_cells_shade(const struct map_cells *cells, u32 cell);

/** map_class_name() - for legends */
const char *map_class_name(enum page_class class);

#endif /* FREEHINT_MAP_CELLS_H */
