/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arming: clears the dirty log of all guest memory before the guest is asked which pages are
 * free, so that every later write is recorded (safety rule 1).
 */
#ifndef FREEHINT_ARM_H
#define FREEHINT_ARM_H

#include "../../../include/freehint/types.h"
#include "qemu_abi.h"

/* RAM blocks of a guest: main memory, DIMMs, firmware. Further blocks are not hinted. */
#define ARM_MAX_BLOCKS	512

/**
 * struct armed_block - host addresses [start, end) whose log was cleared
 * @start:  first byte of the block
 * @end:    end of the armed part
 * @ram:    QEMU's block
 * @region: its memory region. The reference to it pins the memory backend that owns it, and
 *          so the block and its memory. A caller that keeps any of them longer takes its own.
 */
struct armed_block {
	u8 *start;
	u8 *end;
	RAMBlock *ram;
	MemoryRegion *region;
};

/**
 * arm_acquire() - take a reference to every block that can be hinted and migrates
 *
 * First calls arm_release() for the blocks of the last round.
 *
 * Context: BQL held, gate closed, no range is being applied. Not in the first sync of a
 * migration: dropping a last reference frees the block, and QEMU takes the lock of its list
 * of blocks for that.
 */
void arm_acquire(void);

/**
 * arm_all() - arm the log of every block that is held
 * @cancelled: asked now and then whether to stop arming; NULL: never. What is not armed then is not
 *             hinted
 *
 * Context: migration thread, in a notifier, so that QEMU's bitmap lock is free; the gate is
 * closed, so that nobody calls arm_part(). Better called without the BQL: with KVM it takes
 * milliseconds per GiB.
 *
 * Return: number of chunks cleared.
 */
u64 arm_all(bool (*cancelled)(void));

/** arm_bytes() - bytes that are armed; 0 if none of the guest's memory migrates */
u64 arm_bytes(void);

/**
 * arm_tlbs() - reset TCG's TLBs where a sync does not, so that writes are recorded again
 *
 * Does nothing without TCG.
 *
 * Context: BQL held, dropped and taken again in between. Call it after every sync and before
 * the first byte of its pass is sent, whether a round opens or not. Not in the first sync,
 * where QEMU holds the lock of its list of RAM blocks.
 */
void arm_tlbs(void);

/**
 * arm_for_each() - call @fn for every armed block until it returns nonzero
 * @fn: called with the block, which stays valid while it is armed
 *
 * Return: the last return value of @fn, 0 without blocks.
 */
int arm_for_each(int (*fn)(const struct armed_block *block));

/** arm_release() - drop the references, nothing is armed any more; context as for arm_acquire() */
void arm_release(void);

/**
 * arm_part() - length of the first part of [hva, hva + len) that is armed, or is not
 * @hva:      first byte
 * @len:      bytes, at least one
 * @is_armed: set to whether the part is armed
 *
 * Context: BQL held; the gate is open, or was when this command started.
 *
 * Return: bytes of the part, 1 to @len; the part lies in one block.
 */
u64 arm_part(const void *hva, u64 len, bool *is_armed);

#endif /* FREEHINT_ARM_H */
