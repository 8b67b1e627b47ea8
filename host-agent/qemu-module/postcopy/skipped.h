/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records the skipped pages: those that a hint took out of the dirty bitmap and that were not
 * written since. QEMU will not send them.
 */
#ifndef FREEHINT_SKIPPED_H
#define FREEHINT_SKIPPED_H

#include "../../../include/freehint/types.h"
#include "../core/qemu_abi.h"

/**
 * struct skipped_block - a RAM block of a memory backend, and one bit per page
 * @host:   first byte
 * @pages:  number of armed pages
 * @ram:    QEMU's block; valid while @region is referenced, even if it is unplugged
 * @region: its memory region; a reference is held
 * @word:   bit n of word w: page 64 * w + n is skipped
 */
struct skipped_block {
	u8 *host;
	u64 pages;
	RAMBlock *ram;
	MemoryRegion *region;
	u64 *word;
};

/**
 * skipped_start() - start to record skipped pages of the armed blocks
 *
 * Also starts the log from which their writes are read.
 *
 * Context: BQL held, no round open.
 *
 * Return: 0 or -ENOMEM; on failure nothing is recorded.
 */
int skipped_start(void);

/** skipped_stop() - drop the record; BQL held, no thread adds or walks */
void skipped_stop(void);

/** skipped_is_on() - has skipped_start() succeeded, without skipped_stop() since? */
bool skipped_is_on(void);

/**
 * skipped_add() - record pages that are about to leave the dirty bitmap; apply thread only
 * @hva: first byte, a multiple of the page size
 * @len: bytes, a multiple of the page size, inside one block
 */
void skipped_add(const u8 *hva, u64 len);

/**
 * skipped_drop_written() - remove the pages that were written since the last call
 *
 * Reads the accelerator's log first, so every write before the call counts. The migration's
 * own dirty bits are not changed.
 *
 * Context: BQL held, dropped in between under TCG; no round open.
 */
void skipped_drop_written(void);

/**
 * skipped_drop_unplugged() - remove pages that are not plugged into the guest (virtio-mem)
 *
 * An honest guest does not report them. QEMU must neither send nor touch them.
 *
 * Context: BQL held, guest stopped.
 */
void skipped_drop_unplugged(void);

/**
 * typedef skipped_run_fn - called for a run of skipped pages
 * @block: block
 * @first: first page, from the start of the block
 * @pages: number of pages
 *
 * Return: false to end the walk.
 */
typedef bool skipped_run_fn(const struct skipped_block *block, u64 first, u64 pages);

/**
 * skipped_walk() - call @run for every run, block by block, in ascending order in each
 * @run: see skipped_run_fn
 *
 * Context: no thread adds or removes pages.
 */
void skipped_walk(skipped_run_fn *run);

#endif /* FREEHINT_SKIPPED_H */
