// SPDX-License-Identifier: GPL-2.0
/*
 * Guest physical addresses to host addresses, by asking QEMU about whole segments
 * instead of every range.
 *
 * gpa2hva() answers "is all of [gpa, gpa + len) one piece of RAM, and where". It
 * costs about as much as clearing a range, and a command brings thousands. So the
 * extent of the piece is found once by doubling and halving, some 70 calls, and
 * every further range in it is arithmetic.
 *
 * RAM is what a memory backend owns: main memory, DIMMs, virtio-mem. Video memory,
 * firmware and option ROMs are RAM to gpa2hva(), too, but belong to devices, whose
 * state may depend on them. The map may change as soon as the BQL is
 * dropped; a struct ram_map therefore lives within one command.
 */
#include "../../../include/freehint/shm_layout.h"
#include "ram_map.h"

/* Guest physical addresses are at most 52 bits wide on x86. */
#define GPA_MAX_SHIFT	52

void ram_map_init(struct ram_map *map)
{
	map->count = 0;
}

/* Owner of the piece at @gpa is a memory backend; the piece is known to exist. */
static bool is_backed(u64 gpa)
{
	MemoryRegion *mr = NULL;
	Object *owner;
	bool backed;

	if (!qemu.gpa2hva(&mr, gpa, FREEHINT_PAGE_SIZE, NULL))
		return false;
	owner = qemu.memory_region_owner(mr);
	backed = owner && qemu.object_dynamic_cast(owner, "memory-backend");
	qemu.memory_region_unref(mr);
	return backed;
}

static u8 *probe(u64 gpa, u64 len, Error **errp)
{
	MemoryRegion *mr = NULL;
	Error *err = NULL;
	u8 *hva;

	hva = qemu.gpa2hva(&mr, gpa, len, &err);
	if (mr)
		qemu.memory_region_unref(mr);
	if (!err)
		return hva;
	if (errp)
		qemu_error(errp, "%s", qemu.error_get_pretty(err));
	qemu.error_free(err);
	return NULL;
}

/* The largest multiple of a page for which [gpa, gpa + len) is one piece. */
static u64 extent(u64 gpa)
{
	u64 len = FREEHINT_PAGE_SIZE, step;

	while (len >> GPA_MAX_SHIFT == 0 && probe(gpa, len * 2, NULL))
		len *= 2;
	for (step = len / 2; step >= FREEHINT_PAGE_SIZE; step /= 2)
		if (probe(gpa, len + step, NULL))
			len += step;
	return len;
}

const struct ram_segment *ram_map_find(struct ram_map *map, u64 gpa, Error **errp)
{
	struct ram_segment *segment;
	unsigned int i;
	u8 *hva;

	for (i = 0; i < map->count; i++)
		if (gpa >= map->segment[i].start && gpa < map->segment[i].end)
			return &map->segment[i];

	hva = probe(gpa, FREEHINT_PAGE_SIZE, errp);
	if (!hva)
		return NULL;
	if (!is_backed(gpa)) {
		qemu_error(errp, "it belongs to a device");
		return NULL;
	}
	/* A full table only costs time: the last entry is looked up anew. */
	if (map->count < RAM_MAP_SEGMENTS)
		map->count++;
	segment = &map->segment[map->count - 1];
	segment->start = gpa;
	segment->end = gpa + extent(gpa);
	segment->hva = hva;
	return segment;
}
