/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps QEMU from stopping the guest while the first pass is still to be sent.
 */
#ifndef FREEHINT_STOP_HOLD_H
#define FREEHINT_STOP_HOLD_H

/** stop_hold_init() - prepare the timer. Context: BQL held, once */
void stop_hold_init(void);

/**
 * stop_hold_begin() - hold the stop while what the first round's hints have saved is enough
 *
 * Call it when the first round has been waited for, if one was opened; what comes later counts,
 * too. With dirty-bitmaps it does nothing: QEMU counts the bits of disks' bitmaps, and sends none
 * before precopy ends. A switch to postcopy is not held up: QEMU compares with its threshold only
 * what cannot be sent after it, and that is no memory.
 *
 * Context: BQL held, a migration is active and was not cancelled.
 */
void stop_hold_begin(void);

/**
 * stop_hold_end() - put back the limit that was found
 *
 * Safe at any time: without a hold it does nothing, and a limit that somebody has set since the
 * last look stays, unless it is that of the hold.
 *
 * Context: BQL held.
 */
void stop_hold_end(void);

#endif /* FREEHINT_STOP_HOLD_H */
