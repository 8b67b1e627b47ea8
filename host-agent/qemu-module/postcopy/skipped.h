/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The skipped pages: those that were taken out of the dirty bitmap and not written since,
 * so that nobody is going to send them.
 */
#ifndef FREEHINT_SKIPPED_H
#define FREEHINT_SKIPPED_H

#include "../../../include/freehint/types.h"
#include "../core/qemu_abi.h"

/**
 * struct skipped_block - a RAM block of a memory backend, and a bit for each of its pages
 * @host:   its first byte
 * @pages:  how many pages of it are armed
 * @ram:    QEMU's block; it stays while @region is referenced, unplugged or not
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
 * skipped_begin() - remember skipped pages from now on
 *
 * For the blocks that are armed. Their writes are recorded for us from here on.
 *
 * Context: BQL held, no round open.
 *
 * Return: 0 or -ENOMEM; then nothing is remembered.
 */
int skipped_begin(void);

/** skipped_end() - forget all of it; BQL held, nobody adds or walks */
void skipped_end(void);

/** skipped_is_on() - between skipped_begin() and skipped_end() */
bool skipped_is_on(void);

/**
 * skipped_add() - these pages are about to leave the dirty bitmap; apply thread only
 * @hva: first byte, a multiple of the page size
 * @len: bytes, likewise, inside one block
 */
void skipped_add(const u8 *hva, u64 len);

/**
 * skipped_forget_written() - forget the pages that were written since the last call
 *
 * Asks the accelerator for its log first, so every write before the call counts. What
 * the migration knows as dirty is left as it is.
 *
 * Context: BQL held, dropped meanwhile under TCG; no round open.
 */
void skipped_forget_written(void);

/**
 * skipped_forget_unplugged() - forget what is not plugged into the guest (virtio-mem)
 *
 * A guest that is honest does not report it. QEMU must neither send nor touch it.
 *
 * Context: BQL held, guest stopped.
 */
void skipped_forget_unplugged(void);

/**
 * typedef skipped_run_fn - a run of skipped pages
 * @block: block
 * @first: first page, from the start of the block
 * @pages: how many
 *
 * Return: false to end the walk.
 */
typedef bool skipped_run_fn(const struct skipped_block *block, u64 first, u64 pages);

/** skipped_walk() - every run, block by block in ascending order; nobody adds or forgets */
void skipped_walk(skipped_run_fn *run);

#endif /* FREEHINT_SKIPPED_H */
