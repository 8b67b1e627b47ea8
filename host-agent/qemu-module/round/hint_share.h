/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Estimates how much of what QEMU has to send a round's hints take away, from the last round.
 * Call everything in the migration thread, with the BQL.
 */
#ifndef FREEHINT_HINT_SHARE_H
#define FREEHINT_HINT_SHARE_H

#include "../../../include/freehint/types.h"

/**
 * hint_share_begin() - a round is about to open
 * @remaining: bytes that QEMU has to send
 */
void hint_share_begin(u64 remaining);

/**
 * hint_share_of() - what a round is likely to take away
 * @remaining: bytes that QEMU has to send
 *
 * Return: bytes, at most @remaining.
 */
u64 hint_share_of(u64 remaining);

/** hint_share_doubts() - how often in a row no round was opened because of the estimate */
unsigned int hint_share_doubts(void);

/**
 * hint_share_doubt() - no round was opened because of the estimate
 *
 * It loses half: what the guest frees in one pass says less about the next ones.
 */
void hint_share_doubt(void);

#endif /* FREEHINT_HINT_SHARE_H */
