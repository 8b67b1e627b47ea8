/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arming: clearing the dirty log of all guest memory, so that every later write is
 * recorded, before the guest is asked which pages are free (safety rule 1).
 */
#ifndef FREEHINT_ARM_H
#define FREEHINT_ARM_H

#include "../../../include/freehint/types.h"
#include "qemu_abi.h"

/* RAM blocks of a guest: main memory, DIMMs, firmware. More are not hinted. */
#define ARM_MAX_BLOCKS	512

/**
 * struct armed_block - host addresses [start, end) whose log was cleared
 * @start:  first byte of the block
 * @end:    end of what is armed
 * @ram:    QEMU's block
 * @region: its memory region. A reference to it pins the memory backend that owns it, and so
 *          the block and its memory. Whoever keeps any of them longer takes another.
 */
struct armed_block {
	u8 *start;
	u8 *end;
	RAMBlock *ram;
	MemoryRegion *region;
};

/**
 * arm_hold() - take a reference to every block that can be hinted and migrates
 *
 * Gives those of the last round back, and forgets what was armed.
 *
 * Context: BQL held, gate closed, nobody applies. Not in the first sync of a migration:
 * QEMU frees a block whose last reference goes, and wants the lock of its list of blocks.
 */
void arm_hold(void);

/**
 * arm_all() - arm the log of every block that is held
 *
 * Context: migration thread, in a notifier, so that QEMU's bitmap lock is free; the
 * gate is closed, so that nobody asks arm_part(). Better without the BQL: with KVM
 * it takes milliseconds for each GiB.
 *
 * Return: number of chunks that were touched.
 */
u64 arm_all(void);

/** arm_bytes() - memory that is armed; 0 where none of the guest's memory migrates */
u64 arm_bytes(void);

/**
 * arm_tlbs() - make TCG record writes again where a sync does not
 *
 * Context: BQL held, which is dropped and taken again; after every sync and before the
 * first byte of its pass is sent, whether a round is opened or not. Not in the first sync,
 * where the list of RAM blocks is locked. Does nothing where QEMU does it itself.
 */
void arm_tlbs(void);

/**
 * arm_each() - call @fn for every armed block until it returns nonzero
 *
 * Return: what it returned last, 0 without blocks.
 */
int arm_each(int (*fn)(const struct armed_block *block));

/** arm_none() - forget what was armed, and let go of it; context as for arm_hold() */
void arm_none(void);

/**
 * arm_part() - the first part of [hva, hva + len) that is armed, or is not
 * @hva:      first byte
 * @len:      bytes, at least one
 * @is_armed: filled: the part is armed
 *
 * Context: BQL held, the gate is open or was when this command began.
 *
 * Return: bytes of the part, 1 to @len; it lies in one block.
 */
u64 arm_part(const void *hva, u64 len, bool *is_armed);

#endif /* FREEHINT_ARM_H */
