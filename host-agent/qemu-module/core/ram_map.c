// SPDX-License-Identifier: GPL-2.0
/*
 * Translates guest physical addresses to host addresses. Asks QEMU once per RAM segment, not
 * once per range.
 *
 * gpa2hva() checks whether [gpa, gpa + len) is one piece of RAM, and returns its address. A call
 * costs about as much as clearing a range, and a command brings thousands of ranges. So the
 * extent of a segment is found once by doubling and halving, some 70 calls. Every further
 * range in it is arithmetic.
 *
 * Only memory that a memory backend owns counts as RAM: main memory, DIMMs, virtio-mem.
 * gpa2hva() also accepts video memory, firmware and option ROMs, but these belong to devices,
 * whose state may depend on them. QEMU's memory map may change as soon as the BQL is dropped,
 * so a struct ram_map is valid within one command only.
 */
#include "../../../include/freehint/shm_layout.h"
#include "memory_backend.h"
#include "ram_map.h"

/* Guest physical addresses are at most 52 bits wide on x86. */
#define GPA_MAX_SHIFT	52

/* Step of a search in the first bytes of a hole. */
#define STEP		(1ULL << 20)
#define NEAR		(4ULL << 30)

void ram_map_init(struct ram_map *map)
{
	map->count = 0;
}

/* Is there RAM at @gpa, and does a memory backend own it? */
static bool is_backed(u64 gpa)
{
	MemoryRegion *mr = NULL;
	bool backed;

	if (!qemu.gpa2hva(&mr, gpa, FREEHINT_PAGE_SIZE, NULL))
		return false;
	backed = memory_backend_of(mr);
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

/* Return: the largest multiple of a page for which [gpa, gpa + len) is one piece. */
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
	/* A full table only costs time: the last entry is replaced. */
	if (map->count < RAM_MAP_SEGMENTS)
		map->count++;
	segment = &map->segment[map->count - 1];
	segment->start = gpa;
	segment->end = gpa + extent(gpa);
	segment->hva = hva;
	return segment;
}

/* Return: where the RAM at @hit begins. At @miss is none; both are multiples of a step. */
static u64 first_between(u64 miss, u64 hit)
{
	u64 middle;

	while (hit - miss > STEP) {
		middle = miss + (hit - miss) / STEP / 2 * STEP;
		if (is_backed(middle))
			hit = middle;
		else
			miss = middle;
	}
	return hit;
}

/* Return: the address to look at after @gpa. The last MiB before @end is not leaped over. */
static u64 step_on(u64 hole, u64 gpa, u64 end)
{
	u64 step = gpa - hole < NEAR ? STEP : RAM_MAP_LEAP;
	u64 next = (gpa / step + 1) * step, last = (end - 1) / STEP * STEP;

	return next > last && last > gpa ? last : next;
}

const struct ram_segment *ram_map_next(struct ram_map *map, u64 gpa, u64 end)
{
	u64 hole = gpa, miss = gpa;

	for (; gpa < end && !is_backed(gpa); gpa = step_on(hole, gpa, end))
		miss = gpa;
	if (gpa >= end)
		return NULL;
	if (gpa - miss > STEP)
		gpa = first_between(miss, gpa);
	return ram_map_find(map, gpa, NULL);
}
