// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the bitmap of the shared region out of the migration.
 *
 * The guest stores every word of the bitmap in every round, so all of it would be dirty in
 * every sync: 32 KiB for each GiB of the guest, in each pass and once more with the guest
 * stopped. Nobody needs these bytes on the destination. A reader believes words below the
 * watermark of the open round only, and the guest has stored all of these after the round was
 * opened. Ids of rounds are never used twice, so a round of the destination finds no words
 * of its own before the guest there has stored them.
 *
 * Unlike a hint this needs no arming: a write that leaves no trace changes bytes that mean
 * nothing. The header is left alone: it has the guest's hello and its offer of memory.
 *
 * Why not store changed words only: the guest would have to read the region, which its mapping
 * may make slow (write-combining), and to trust what it finds there.
 */
#include "../../../include/freehint/shm_layout.h"
#include "bar.h"
#include "bar_bitmap.h"
#include "dirty_log.h"

/* Guarded by the BQL. @out: QEMU was told in this migration. */
static struct {
	bool out;
} bitmap;

/* A region that does not migrate has no dirty bitmap: QEMU would dereference a NULL pointer. */
static bool migrates(void *base)
{
	RAMBlock *block;
	u64 offset;

	block = qemu.qemu_ram_block_from_host(base, false, &offset);
	return block && !qemu.ram_is_ignored(block);
}

void bar_bitmap_leave_out(void)
{
	u8 *base;

	if (!bar_is_attached())
		return;
	base = qemu.memory_region_get_ram_ptr(bar_region());
	if (!migrates(base))
		return;
	qemu.qemu_guest_free_page_hint(base + FREEHINT_HEADER_SIZE,
				       bar_info().size - FREEHINT_HEADER_SIZE);
	bitmap.out = true;
}

void bar_bitmap_give_back(void)
{
	if (!bitmap.out || !bar_is_attached())
		return;
	dirty_log_set(bar_region(), FREEHINT_HEADER_SIZE >> FREEHINT_PAGE_SHIFT,
		      (bar_info().size - FREEHINT_HEADER_SIZE) >> FREEHINT_PAGE_SHIFT);
}

void bar_bitmap_end(void)
{
	bitmap.out = false;
}
