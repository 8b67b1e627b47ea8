/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which memory of the guest may be discarded, and why not.
 */
#ifndef FREEHINT_DISCARDABLE_H
#define FREEHINT_DISCARDABLE_H

#include "../core/qemu_abi.h"

/**
 * discardable_refusal() - why a block of memory must keep its pages
 * @ram: block of a memory backend
 *
 * Context: BQL held. The answer can change whenever the BQL is dropped: a device may forbid
 * discarding at any time.
 *
 * Return: a static string, NULL if its pages may be discarded.
 */
const char *discardable_refusal(RAMBlock *ram);

/**
 * discardable_forget() - this memory leaves the guest's memory map: another device may get it
 * @region: compared only; any memory
 *
 * Context: BQL held, any thread.
 */
void discardable_forget(const MemoryRegion *region);

/** discardable_forget_all() - look again at every device. Context: BQL held */
void discardable_forget_all(void);

/**
 * discardable_guest_refusal() - why no memory of the guest may be discarded
 *
 * Context: BQL held.
 *
 * Return: a static string, NULL if at least one block may be discarded.
 */
const char *discardable_guest_refusal(void);

/**
 * discardable_order() - smallest order of a guest's block that QEMU can discard
 *
 * Context: BQL held.
 *
 * Return: 0 for 4 KiB pages, 9 if all memory that may be discarded has pages of 2 MiB.
 */
u32 discardable_order(void);

#endif /* FREEHINT_DISCARDABLE_H */
