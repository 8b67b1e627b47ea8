// SPDX-License-Identifier: GPL-2.0
/*
 * How large the shared memory has to be for a guest: doctor recommends it, domain-xml
 * writes it.
 */
#include "region_size.h"

#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"

u64 region_size_for(u64 pages)
{
	u64 size = FREEHINT_MIN_REGION;

	while (size < FREEHINT_HEADER_SIZE + (pages + 7) / 8)
		size *= 2;
	return size;
}

u64 region_mib_for(u64 pages)
{
	return (region_size_for(pages) + (1 << 20) - 1) >> 20;
}
