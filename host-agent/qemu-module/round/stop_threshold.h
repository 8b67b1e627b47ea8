/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When QEMU stops the guest for the last pass: its own threshold, and the downtime limit.
 */
#ifndef FREEHINT_STOP_THRESHOLD_H
#define FREEHINT_STOP_THRESHOLD_H

#include "../../../include/freehint/types.h"

/**
 * stop_is_near() - will QEMU stop the guest, because less remains than its threshold?
 * @saved:   bytes that hints are likely to take away before QEMU looks
 * @cost_ms: how long the guest writes unnoticed if @saved is wrong; the threshold is computed for
 *           downtime-limit plus ten times @cost_ms
 *
 * Other devices may have more to send (VFIO, dirty bitmaps): then QEMU goes on.
 *
 * Context: BQL held, in a notifier of an active migration.
 *
 * Return: false in the first 100 ms, when QEMU has no bandwidth yet, or if it does not say.
 */
bool stop_is_near(u64 saved, u64 cost_ms);

/**
 * stop_threshold() - bytes that may be left when QEMU stops the guest
 * @limit_ms: a downtime limit, milliseconds
 *
 * Context: BQL held.
 *
 * Return: bytes, 0 while QEMU has no bandwidth yet.
 */
u64 stop_threshold(u64 limit_ms);

/**
 * downtime_limit_ms() - the parameter downtime-limit
 * @otherwise: result where QEMU does not show it
 *
 * Context: BQL held.
 *
 * Return: milliseconds.
 */
u64 downtime_limit_ms(u64 otherwise);

/** stop_downtime_us() - downtime-limit, or QEMU's default, microseconds. Context: BQL held */
u64 stop_downtime_us(void);

#endif /* FREEHINT_STOP_THRESHOLD_H */
