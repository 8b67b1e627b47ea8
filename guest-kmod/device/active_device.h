/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records whether a device is in use as the freehint region. The module uses one only:
 * two regions would mean two hosts to answer, but a guest has one memory to report.
 */
#ifndef FREEHINT_ACTIVE_DEVICE_H
#define FREEHINT_ACTIVE_DEVICE_H

#include <linux/types.h>

/**
 * active_device_claim() - record that a device is in use
 *
 * Context: any.
 *
 * Return: false if another device is already in use.
 */
bool active_device_claim(void);

/** active_device_release() - undo active_device_claim(); any context */
void active_device_release(void);

/** active_device_exists() - Return: true if a device is in use; may change at any time */
bool active_device_exists(void);

#endif /* FREEHINT_ACTIVE_DEVICE_H */
