/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's dirty log of a memory region, as seen by one of its clients.
 */
#ifndef FREEHINT_DIRTY_LOG_H
#define FREEHINT_DIRTY_LOG_H

#include "../../../include/freehint/shm_layout.h"
#include "qemu_abi.h"

/**
 * enum dirty_log_client - include/exec/ramlist.h, DIRTY_MEMORY_VGA and so on
 * @DIRTY_LOG_DISPLAY:   has no other user in main memory
 * @DIRTY_LOG_MIGRATION: the next sync collects it
 */
enum dirty_log_client {
	DIRTY_LOG_DISPLAY = 0,
	DIRTY_LOG_MIGRATION = 2,
};

/**
 * dirty_log_read_and_clear() - read the client's log and clear it
 * @region: memory
 * @pages:  number of pages from its start
 * @client: whose log
 *
 * QEMU asks the accelerator first. With KVM this clears KVM's log for what was dirty, which
 * arms it.
 *
 * Context: BQL held, dropped in between under TCG.
 *
 * Return: the log; free it with g_free().
 */
static inline DirtyBitmapSnapshot *dirty_log_read_and_clear(MemoryRegion *region, u64 pages,
							    enum dirty_log_client client)
{
	return qemu.memory_region_snapshot_and_clear_dirty(region, 0,
							   pages << FREEHINT_PAGE_SHIFT,
							   client);
}

/** dirty_log_has() - is any of the @pages pages from @page dirty in @log? */
static inline bool dirty_log_has(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page,
				 u64 pages)
{
	return qemu.memory_region_snapshot_get_dirty(region, log, page << FREEHINT_PAGE_SHIFT,
						     pages << FREEHINT_PAGE_SHIFT);
}

/** dirty_log_set() - mark @pages pages from @page dirty for all clients of the log */
static inline void dirty_log_set(MemoryRegion *region, u64 page, u64 pages)
{
	qemu.memory_region_set_dirty(region, page << FREEHINT_PAGE_SHIFT,
				     pages << FREEHINT_PAGE_SHIFT);
}

#endif /* FREEHINT_DIRTY_LOG_H */
