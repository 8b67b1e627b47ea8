/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's dirty log of a memory region, as one of its clients sees it.
 */
#ifndef FREEHINT_DIRTY_LOG_H
#define FREEHINT_DIRTY_LOG_H

#include "../../../include/freehint/shm_layout.h"
#include "qemu_abi.h"

/**
 * enum dirty_log_client - include/exec/ramlist.h, DIRTY_MEMORY_VGA and so on
 * @DIRTY_LOG_DISPLAY:   nobody, in main memory
 * @DIRTY_LOG_MIGRATION: what the next sync collects
 */
enum dirty_log_client {
	DIRTY_LOG_DISPLAY = 0,
	DIRTY_LOG_MIGRATION = 2,
};

/**
 * dirty_log_take() - the client's log, which is empty then
 * @region: memory
 * @pages:  from its start
 * @client: whose
 *
 * The accelerator is asked first, and with KVM its log is cleared for what was dirty: that
 * arms it.
 *
 * Context: BQL held, dropped meanwhile under TCG.
 *
 * Return: the log; give it to g_free().
 */
static inline DirtyBitmapSnapshot *dirty_log_take(MemoryRegion *region, u64 pages,
						  enum dirty_log_client client)
{
	return qemu.memory_region_snapshot_and_clear_dirty(region, 0,
							   pages << FREEHINT_PAGE_SHIFT,
							   client);
}

/** dirty_log_has() - is one of the @pages pages from @page dirty in it? */
static inline bool dirty_log_has(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page,
				 u64 pages)
{
	return qemu.memory_region_snapshot_get_dirty(region, log, page << FREEHINT_PAGE_SHIFT,
						     pages << FREEHINT_PAGE_SHIFT);
}

/** dirty_log_set() - @pages pages from @page are dirty to the migration */
static inline void dirty_log_set(MemoryRegion *region, u64 page, u64 pages)
{
	qemu.memory_region_set_dirty(region, page << FREEHINT_PAGE_SHIFT,
				     pages << FREEHINT_PAGE_SHIFT);
}

#endif /* FREEHINT_DIRTY_LOG_H */
