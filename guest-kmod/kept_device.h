/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a device is kept as the freehint region. Two regions would mean two hosts to
 * answer, and one guest has one memory to report.
 */
#ifndef FREEHINT_KEPT_DEVICE_H
#define FREEHINT_KEPT_DEVICE_H

#include <linux/types.h>

/** kept_device_claim() - Return: false when another device is kept; any context */
bool kept_device_claim(void);

/** kept_device_release() - the claimed device is kept no more */
void kept_device_release(void);

/** kept_device_exists() - is some device kept? May change at once */
bool kept_device_exists(void);

#endif /* FREEHINT_KEPT_DEVICE_H */
