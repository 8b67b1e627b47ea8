// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the shape of a range that a QMP peer sent: aligned, in order, inside what a guest can
 * have. Whether there is RAM is another question.
 */
#define _GNU_SOURCE
#include <inttypes.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/shm_layout.h"
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
		qemu_error(errp, "range %u [0x%" PRIx64 ", +0x%" PRIx64 ") %s",
			   i, r->start, r->length, wrong);
	return !wrong;
}
