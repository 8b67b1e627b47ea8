/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The migration's dirty log of a memory region: what was written since QEMU collected it last.
 */
#ifndef FREEHINT_DIRTY_LOG_H
#define FREEHINT_DIRTY_LOG_H

#include "../../../include/freehint/shm_layout.h"
#include "qemu_abi.h"

/* include/exec/ramlist.h */
#define QEMU_DIRTY_MEMORY_MIGRATION	2

/**
 * dirty_log_take() - read the log and clear it; each page that is dirty must be put back
 * @region: memory
 * @pages:  number of pages from its start
 *
 * QEMU asks the accelerator first. With KVM this clears KVM's log for what was dirty, which
 * arms it.
 *
 * Context: BQL held, dropped in between under TCG and with KVM's dirty ring.
 *
 * Return: the log, for dirty_log_restore(); free it with g_free().
 */
static inline DirtyBitmapSnapshot *dirty_log_take(MemoryRegion *region, u64 pages)
{
	return qemu.memory_region_snapshot_and_clear_dirty(region, 0, pages << FREEHINT_PAGE_SHIFT,
							   QEMU_DIRTY_MEMORY_MIGRATION);
}

/** dirty_log_has() - is any of the @pages pages from @page dirty in @log? Context: BQL held */
static inline bool dirty_log_has(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page,
				 u64 pages)
{
	return qemu.memory_region_snapshot_get_dirty(region, log, page << FREEHINT_PAGE_SHIFT,
						     pages << FREEHINT_PAGE_SHIFT);
}

/**
 * dirty_log_set() - mark pages dirty: the next sync collects them
 * @region: memory
 * @page:   first page
 * @pages:  number of pages
 *
 * Context: BQL held.
 */
void dirty_log_set(MemoryRegion *region, u64 page, u64 pages);

/**
 * dirty_log_restore() - put the dirty pages of one word back into the log
 * @region: memory
 * @log:    from dirty_log_take()
 * @page:   first page, a multiple of FREEHINT_WORD_BITS
 * @pages:  number of pages of @region
 *
 * Context: BQL held.
 *
 * Return: bit n is set if page @page + n is dirty.
 */
u64 dirty_log_restore(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page, u64 pages);

#endif /* FREEHINT_DIRTY_LOG_H */
