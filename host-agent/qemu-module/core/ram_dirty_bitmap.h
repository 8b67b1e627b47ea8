/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The migration's dirty bitmap of a RAM block: the pages that QEMU is going to send.
 */
#ifndef FREEHINT_RAM_DIRTY_BITMAP_H
#define FREEHINT_RAM_DIRTY_BITMAP_H

#include "qemu_abi.h"

/** ram_dirty_bitmap_init() - find out where a RAM block has its bitmap; once, at load */
void ram_dirty_bitmap_init(void);

/** ram_dirty_bitmap_is_known() - can ram_dirty_bitmap() find it in this QEMU? */
bool ram_dirty_bitmap_is_known(void);

/**
 * ram_dirty_bitmap() - the bitmap of a block (RAMBlock::bmap, include/exec/ramblock.h)
 * @ram: block
 *
 * Bit n of word w is page 64 * w + n of the block. QEMU owns it, and frees it at the end of the
 * migration. Read each word once and atomically: other threads take pages out.
 *
 * Context: BQL held, between the setup of a migration and its end; the bitmap is known.
 *
 * Return: its first word, NULL if the block does not migrate.
 */
const u64 *ram_dirty_bitmap(const RAMBlock *ram);

#endif /* FREEHINT_RAM_DIRTY_BITMAP_H */
