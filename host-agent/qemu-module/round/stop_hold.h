/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps QEMU from stopping the guest while the first pass is still to be sent.
 */
#ifndef FREEHINT_STOP_HOLD_H
#define FREEHINT_STOP_HOLD_H

/* downtime-limit while a stop is held, milliseconds. 0 would let no migration end. */
#define STOP_HOLD_MS	1

/**
 * stop_hold_begin() - hold the stop, if the open round has brought hints
 *
 * Call it when the first round has been waited for. Not with postcopy-ram: QEMU compares what
 * devices have to send with the same threshold before it switches to postcopy.
 *
 * Context: BQL held, a migration is active.
 */
void stop_hold_begin(void);

/**
 * stop_hold_end() - put back the limit that was found
 *
 * Safe at any time: without a hold it does nothing, and a limit that somebody has set in the
 * meantime stays.
 *
 * Context: BQL held.
 */
void stop_hold_end(void);

#endif /* FREEHINT_STOP_HOLD_H */
