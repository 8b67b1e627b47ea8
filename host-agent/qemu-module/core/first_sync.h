/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the first sync of a migration runs. QEMU then holds the lock of its list of RAM blocks.
 */
#ifndef FREEHINT_FIRST_SYNC_H
#define FREEHINT_FIRST_SYNC_H

#include <stdbool.h>

/** first_sync_note() - it begins with this BEFORE_SYNC, or is over. Context: BQL held */
void first_sync_note(bool it_runs);

/**
 * first_sync_runs() - is it under way?
 *
 * The migration thread then holds the lock of the list of RAM blocks (ram_init_bitmaps()). It may
 * have dropped the BQL, to let vCPUs sync (TCG, dirty ring). Whoever drops the last reference to
 * memory waits for that lock with the BQL held (qemu_ram_free()), and neither thread goes on. So
 * the main loop must not drop one now.
 *
 * Context: BQL held.
 */
bool first_sync_runs(void);

#endif /* FREEHINT_FIRST_SYNC_H */
