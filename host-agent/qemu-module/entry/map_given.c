// SPDX-License-Identifier: GPL-2.0
/*
 * What was given back to the host, in cells, a stretch of guest memory at a time.
 *
 * Whether the host holds a page can only be asked of its kernel, under the BQL, which keeps
 * the memory mapped. The kernel takes up to 0.2 s for a GiB of shared memory. So an answer
 * ends where its time is over, and the peer asks for the rest.
 */
#include <string.h>

#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/bar.h"
#include "../core/ram_map.h"
#include "../map/page_map.h"
#include "../map/resident.h"
#include "map_given.h"

/* Longest that a command looks, microseconds; one more piece of 2 MiB can follow. */
#define LOOK_US		500
/* Step of the search for the next RAM, pages: memory begins and ends at a MiB. */
#define HOLE_PAGES	256

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* Return: how many of the pages [@page, @end), given back and mapped at @hva, are not there. */
static u64 count_absent(u64 page, u64 end, const u8 *hva)
{
	static struct resident look;
	u64 absent = 0;

	resident_look(&look, hva, (end - page) << FREEHINT_PAGE_SHIFT);
	for (; page < end; page++, hva += FREEHINT_PAGE_SIZE)
		absent += page_map_has(&given_map, page) && resident_is_absent(&look, hva);
	return absent;
}

/* Looks at a piece of RAM that ends with its cell or its segment; the shared region is none. */
static u64 look_at(struct map_given *given, u32 at, u64 page, u64 stop,
		   const struct ram_segment *segment)
{
	u64 end = min_u64(min_u64(stop, page + RESIDENT_PAGES),
			  segment->end >> FREEHINT_PAGE_SHIFT);
	u64 count;

	if (bar_contains(segment->hva, segment->end - segment->start))
		return end;
	given->ram[at] += end - page;
	count = page_map_count(&given_map, page, end);
	given->given[at] += count;
	if (count)
		given->absent[at] += count_absent(page, end, segment->hva +
				(page << FREEHINT_PAGE_SHIFT) - segment->start);
	return end;
}

void map_given_look(struct map_given *given, u64 from, u64 end, u64 per_cell)
{
	u64 start = clock_us(), page = from, cell, stop;
	const struct ram_segment *segment;
	static struct ram_map map;

	memset(given, 0, sizeof(*given));
	ram_map_init(&map);
	do {
		cell = page / per_cell;
		stop = min_u64((cell + 1) * per_cell, end);
		segment = ram_map_find(&map, page << FREEHINT_PAGE_SHIFT, NULL);
		page = segment ?
		       look_at(given, (u32)(cell - from / per_cell), page, stop, segment) :
		       min_u64(stop, (page / HOLE_PAGES + 1) * HOLE_PAGES);
	} while (page < end && clock_us() - start < LOOK_US);
	given->next = page;
	given->count = (u32)(cell - from / per_cell) + 1;
}
