/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arming: clearing the dirty log of all guest memory, so that every later write is
 * recorded, before the guest is asked which pages are free (safety rule 1).
 */
#ifndef FREEHINT_ARM_H
#define FREEHINT_ARM_H

#include "../../include/freehint/types.h"

/**
 * arm_all() - arm the log of every block that migrates
 *
 * Context: migration thread, in a notifier, so that QEMU's bitmap lock is free; the
 * gate is closed, so that nobody asks arm_covers(). Better without the BQL: with KVM
 * it takes milliseconds for each GiB.
 *
 * Return: number of chunks that were touched.
 */
u64 arm_all(void);

/** arm_bytes() - how much memory is armed */
u64 arm_bytes(void);

/**
 * arm_tlbs() - make TCG record writes again where a sync does not
 *
 * Context: BQL held, which is dropped and taken again; straight after every sync,
 * whether a round is opened or not. Does nothing where QEMU does it itself.
 */
void arm_tlbs(void);

/** arm_none() - forget what was armed; nothing may be hinted */
void arm_none(void);

/**
 * arm_covers() - is [hva, hva + len) inside one armed block?
 *
 * Context: BQL held, the gate is open or was when this command began.
 */
bool arm_covers(const void *hva, u64 len);

#endif /* FREEHINT_ARM_H */
