/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI driver: binds to the ivshmem device whose BAR 2 is a freehint region and
 * refuses every other ivshmem device.
 */
#ifndef FREEHINT_IVSHMEM_BAR_H
#define FREEHINT_IVSHMEM_BAR_H

#include <linux/types.h>

struct device;

/**
 * ivshmem_bar_register() - register the PCI driver
 *
 * Context: may sleep. Probes the devices that are present.
 *
 * Return: 0 or negative errno.
 */
int ivshmem_bar_register(void);

/** ivshmem_bar_unregister() - unregister the PCI driver, release its device if any; sleeps */
void ivshmem_bar_unregister(void);

/**
 * ivshmem_bar_is_ours() - is the device bound to this driver?
 * @dev: device; the caller holds its lock
 *
 * Return: true if it is.
 */
bool ivshmem_bar_is_ours(const struct device *dev);

#endif /* FREEHINT_IVSHMEM_BAR_H */
