/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records the skipped pages: those that a hint took out of the dirty bitmap and that were not
 * written since. QEMU will not send them.
 */
#ifndef FREEHINT_SKIPPED_H
#define FREEHINT_SKIPPED_H

#include "../../../include/freehint/types.h"
#include "../core/qemu_abi.h"

/* hw/virtio/virtio-mem.c, VIRTIO_MEM_MIN_BLOCK_SIZE: 1 MiB is plugged or unplugged together */
#define SKIPPED_PLUG_PAGES	256

/**
 * struct skipped_block - a RAM block of a memory backend, and two bits per page
 * @host:     first byte
 * @pages:    number of armed pages
 * @ram:      QEMU's block; valid while @region is referenced, even if it is unplugged
 * @region:   its memory region; a reference is held
 * @word:     bit n of word w: page 64 * w + n is skipped
 * @doubtful: the same: the page was skipped before a sync that nobody looked after
 */
struct skipped_block {
	u8 *host;
	u64 pages;
	RAMBlock *ram;
	MemoryRegion *region;
	u64 *word;
	u64 *doubtful;
};

/**
 * skipped_start() - start to record skipped pages of the armed blocks
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
 * skipped_drop_dirty() - remove the pages that QEMU is going to send
 *
 * Context: BQL held, migration thread, right after a sync of its own: nothing was sent since
 * and no round is open.
 */
void skipped_drop_dirty(void);

/**
 * skipped_drop_logged() - remove the pages that the sync in progress is about to collect
 *
 * The migration's log is as it was on return.
 *
 * Context: BQL held, dropped in between under TCG and with KVM's dirty ring; guest stopped, no
 * round open.
 */
void skipped_drop_logged(void);

/**
 * skipped_doubt() - nobody will know which pages were written: another thread is going to
 * sync, or a sync was not followed by a look
 *
 * Context: BQL held, no round open until the sync is over.
 */
void skipped_doubt(void);

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

/** skipped_walk_certain() - the same without doubtful pages: what it names was not written */
void skipped_walk_certain(skipped_run_fn *run);

#endif /* FREEHINT_SKIPPED_H */
