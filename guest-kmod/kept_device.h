/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records whether a device is in use as the freehint region. The module uses one only:
 * two regions would mean two hosts to answer, but a guest has one memory to report.
 */
#ifndef FREEHINT_KEPT_DEVICE_H
#define FREEHINT_KEPT_DEVICE_H

#include <linux/types.h>

/**
 * kept_device_claim() - record that a device is in use
 *
 * Context: any.
 *
 * Return: false if another device is already in use.
 */
bool kept_device_claim(void);

/** kept_device_release() - undo kept_device_claim(); any context */
void kept_device_release(void);

/** kept_device_exists() - Return: true if a device is in use; may be stale at once */
bool kept_device_exists(void);

#endif /* FREEHINT_KEPT_DEVICE_H */
