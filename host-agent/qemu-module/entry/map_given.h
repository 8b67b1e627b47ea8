/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was given back to the host, in cells, a stretch of guest memory at a time.
 */
#ifndef FREEHINT_MAP_GIVEN_H
#define FREEHINT_MAP_GIVEN_H

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/types.h"

/**
 * struct map_given - counts of a stretch of guest memory
 * @next:   first page that was not looked at
 * @count:  number of cells that the stretch touches
 * @ram:    pages of RAM of the stretch in each of these cells
 * @given:  of them, pages that were discarded since QEMU started
 * @absent: of these, pages that the host does not hold in RAM now
 */
struct map_given {
	u64 next;
	u32 count;
	u64 ram[FREEHINT_MAX_CELLS];
	u64 given[FREEHINT_MAX_CELLS];
	u64 absent[FREEHINT_MAX_CELLS];
};

/**
 * map_given_look() - count pages until half a millisecond is over
 * @given:    filled
 * @from:     first page
 * @end:      end of guest memory, above @from
 * @per_cell: pages in a cell; at most FREEHINT_MAX_CELLS cells from 0 to @end
 *
 * Looks at a page at least, so a caller that goes on with @next comes to an end.
 *
 * Context: BQL held.
 */
void map_given_look(struct map_given *given, u64 from, u64 end, u64 per_cell);

#endif /* FREEHINT_MAP_GIVEN_H */
