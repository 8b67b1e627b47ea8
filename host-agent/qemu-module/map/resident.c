// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of QEMU's memory the host holds in RAM at this moment, from mincore(2).
 *
 * For a file, also a memfd, it looks at the page cache. So a page that another process uses,
 * for example a vhost-user device, counts as held.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "resident.h"

void resident_look(struct resident *look, const u8 *hva, u64 len)
{
	u64 size = (u64)sysconf(_SC_PAGESIZE), skipped = (u64)hva % size;

	look->shift = (u32)__builtin_ctzll(size);
	look->first = (u64)hva - skipped;
	look->known = !mincore((u8 *)hva - skipped, len + skipped, look->page);
}

bool resident_is_absent(const struct resident *look, const u8 *hva)
{
	return look->known && !(look->page[((u64)hva - look->first) >> look->shift] & 1);
}
