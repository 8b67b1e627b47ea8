/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Translates guest physical addresses to host addresses. Asks QEMU once per RAM segment, not
 * once per range.
 */
#ifndef FREEHINT_RAM_MAP_H
#define FREEHINT_RAM_MAP_H

#include "../../../include/freehint/types.h"
#include "qemu_abi.h"

/* RAM segments that one command can cache; a guest has a handful. */
#define RAM_MAP_SEGMENTS 32

/* Step of a search in a large hole, bytes: Linux on x86 plugs no less memory. */
#define RAM_MAP_LEAP	(128ULL << 20)

/**
 * struct ram_segment - contiguous guest RAM
 * @start: first guest physical address
 * @end:   end, guest physical
 * @hva:   host address of @start
 */
struct ram_segment {
	u64 start;
	u64 end;
	u8 *hva;
};

/**
 * struct ram_map - segments found so far; valid only while the BQL is held
 * @segment: segments
 * @count:   number of segments
 */
struct ram_map {
	struct ram_segment segment[RAM_MAP_SEGMENTS];
	unsigned int count;
};

/** ram_map_init() - empty the map */
void ram_map_init(struct ram_map *map);

/**
 * ram_map_find() - the segment that contains a page
 * @map:  map
 * @gpa:  guest physical address, page aligned, below 2^63
 * @errp: set to the reason if there is no RAM
 *
 * Context: BQL held from ram_map_init() to the last use of the result.
 *
 * Return: the segment, or NULL: unassigned, MMIO, or memory of a device.
 */
const struct ram_segment *ram_map_find(struct ram_map *map, u64 gpa, Error **errp);

/**
 * ram_map_next() - the next memory of the guest
 * @map: map
 * @gpa: guest physical address to begin with, page aligned
 * @end: end of the search
 *
 * Memory begins at a MiB. 4 GiB into a hole the search leaps, because a guest can claim to be
 * as large as the region allows. RAM of less than RAM_MAP_LEAP bytes may be passed over there, so
 * this is for pictures.
 *
 * Context: BQL held, as for ram_map_find().
 *
 * Return: the segment that contains the first RAM in [@gpa, @end); NULL: there is none.
 */
const struct ram_segment *ram_map_next(struct ram_map *map, u64 gpa, u64 end);

#endif /* FREEHINT_RAM_MAP_H */
