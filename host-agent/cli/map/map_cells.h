/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory in cells, and the pages of each cell by class. Every picture shows this.
 */
#ifndef FREEHINT_MAP_CELLS_H
#define FREEHINT_MAP_CELLS_H

#include <jansson.h>

#include "include/freehint/limits.h"
#include "include/freehint/types.h"
#include "proto/host_snapshot.h"

/**
 * enum page_class - what happened to a page of RAM: in the last migration, and since QEMU
 * started. A picture shows the one or the other.
 * @PAGE_SENT:   in use: never hinted, so it was sent
 * @PAGE_AGAIN:  hinted, and in use when the guest was last asked: sent if it was written
 * @PAGE_KEPT:   hinted, and still free when the guest was last asked: kept off the wire
 * @PAGE_FREE:   free when the guest was last asked, but never hinted
 * @PAGE_NEVER:  never given back to the host
 * @PAGE_TAKEN:  given back, and the host holds it in RAM again: the guest has used it again
 * @PAGE_GIVEN:  given back, and the host does not hold it in RAM
 * @PAGE_CLASS_COUNT: number of classes
 */
enum page_class {
	PAGE_SENT,
	PAGE_AGAIN,
	PAGE_KEPT,
	PAGE_FREE,
	PAGE_NEVER,
	PAGE_TAKEN,
	PAGE_GIVEN,
	PAGE_CLASS_COUNT,
};

/**
 * struct map_cells - all guest memory
 * @count:    number of cells
 * @per_cell: pages in each cell
 * @pages:    pages from 0 to the end of the guest's memory
 * @ram:      pages of RAM in each cell; holes have none
 * @hinted:   pages of RAM in each cell that were hinted in the last migration
 * @unused:   pages of RAM in each cell that were free when the guest was last asked
 * @returned: shown is what was given back, not the last migration
 * @given:    pages of RAM in each cell that were given back since QEMU started
 * @absent:   of them, pages that the host does not hold in RAM
 */
struct map_cells {
	u32 count;
	u64 per_cell;
	u64 pages;
	u64 ram[FREEHINT_MAX_CELLS];
	u64 hinted[FREEHINT_MAX_CELLS];
	u64 unused[FREEHINT_MAX_CELLS];
	bool returned;
	u64 given[FREEHINT_MAX_CELLS];
	u64 absent[FREEHINT_MAX_CELLS];
};

/**
 * map_cells_parse() - parse the answer to x-freehint-map
 * @cells:  filled
 * @answer: QEMU's answer
 *
 * Return: 0, or -EPROTO when the answer is invalid.
 */
int map_cells_parse(struct map_cells *cells, const json_t *answer);

/**
 * map_cells_add_given() - add a part of what was given back
 * @cells:  all zero before the first part
 * @answer: QEMU's answer to x-freehint-map with given-back-from
 * @from:   the page that was asked for, 0 first; set to the one to ask for next, or to
 *          @cells->pages when this was the last part
 *
 * Return: 0; -EPROTO when the answer is invalid; -EAGAIN when the guest's memory has another
 * size than in the part before.
 */
int map_cells_add_given(struct map_cells *cells, const json_t *answer, u64 *from);

/**
 * map_cells_add_free() - add the pages that the guest last reported as free
 * @cells:  from map_cells_parse()
 * @reader: the shared memory; the guest may write it at any time
 * @round:  the round in which the guest reported them
 *
 * Half a report would show the other half as used again: so only a complete one counts.
 *
 * Return: 0; -ENODATA when the guest has not reported all of its memory in that round, or
 * has started another one meanwhile; then call map_cells_assume_free().
 */
int map_cells_add_free(struct map_cells *cells, const struct freehint_reader *reader,
		       u64 round);

/** map_cells_assume_free() - take all hinted pages for free: nobody reported others */
void map_cells_assume_free(struct map_cells *cells);

/**
 * map_cells_class() - number of pages of a class in a cell
 *
 * Only the sums of a cell are known, not single pages. So PAGE_AGAIN is the least number of
 * pages that must have been used again: a page that became free hides another page of the
 * cell that was used again.
 */
u64 map_cells_class(const struct map_cells *cells, u32 cell, enum page_class class);

/** map_cells_total() - number of pages of a class in all cells */
u64 map_cells_total(const struct map_cells *cells, enum page_class class);

/** map_cells_shows() - does the picture have this class? */
bool map_cells_shows(const struct map_cells *cells, enum page_class class);

/** map_cells_main() - most frequent class in a cell; PAGE_CLASS_COUNT: the cell is a hole */
enum page_class map_cells_main(const struct map_cells *cells, u32 cell);

/**
 * map_cells_shade() - share of the main class in a cell, 1 to 4
 *
 * For pictures that give each cell one colour.
 */
unsigned int map_cells_shade(const struct map_cells *cells, u32 cell);

/** map_title() - what the picture shows */
const char *map_title(const struct map_cells *cells);

/** map_class_name() - name of a class for legends */
const char *map_class_name(enum page_class class);

#endif /* FREEHINT_MAP_CELLS_H */
