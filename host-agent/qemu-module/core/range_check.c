// SPDX-License-Identifier: GPL-2.0
/*
 * Checks a range that a QMP peer sent: first its shape, then whether it is RAM of the guest.
 *
 * The peer is not trusted: it repeats what a guest wrote.
 */
#define _GNU_SOURCE
#include <inttypes.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/shm_layout.h"
#include "bar.h"
#include "range_check.h"

bool range_check(u32 i, const struct freehint_range *r, u64 after, Error **errp)
{
	const char *wrong = NULL;

	if (!r->length)
		wrong = "is empty";
	else if ((r->start | r->length) % FREEHINT_PAGE_SIZE)
		wrong = "is not aligned to 4096 bytes";
	else if (r->length > FREEHINT_MAX_RANGE_BYTES)
		wrong = "is longer than 16 TiB";
	else if (r->start > (FREEHINT_MAX_PAGES << FREEHINT_PAGE_SHIFT) - r->length)
		wrong = "ends above 64 TiB";
	else if (r->start < after)
		wrong = "starts before the end of the previous range";
	if (wrong)
		qemu_error(errp, "range %u [0x%" PRIx64 ", +0x%" PRIx64 ") %s; send ranges in "
			   "order, page-aligned, without overlap",
			   i, r->start, r->length, wrong);
	return !wrong;
}

u64 range_above_firmware(u64 start, u64 end)
{
	if (start >= FREEHINT_FIRMWARE_END)
		return start;
	return end < FREEHINT_FIRMWARE_END ? end : FREEHINT_FIRMWARE_END;
}

bool range_walk(struct ram_map *map, u32 i, u64 gpa, u64 end, range_piece_fn *fn, Error **errp)
{
	const struct ram_segment *segment;
	Error *err = NULL;
	u8 *hva;
	u64 len;

	for (; gpa < end; gpa += len) {
		segment = ram_map_find(map, gpa, &err);
		if (!segment) {
			qemu_error(errp, "range %u at 0x%" PRIx64 " is outside guest RAM: %s; leave it "
				   "out",
				   i, gpa, qemu.error_get_pretty(err));
			qemu.error_free(err);
			return false;
		}
		len = (end < segment->end ? end : segment->end) - gpa;
		hva = segment->hva + (gpa - segment->start);
		if (bar_contains(hva, len)) {
			qemu_error(errp, "range %u at 0x%" PRIx64 " is freehint's own shared memory; "
				   "leave it out",
				   i, gpa);
			return false;
		}
		if (!fn(i, gpa, hva, len, errp))
			return false;
	}
	return true;
}
