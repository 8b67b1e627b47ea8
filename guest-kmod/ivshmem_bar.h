/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI driver: finds the ivshmem device whose BAR 2 is a freehint region and
 * leaves every other ivshmem device alone.
 */
#ifndef FREEHINT_IVSHMEM_BAR_H
#define FREEHINT_IVSHMEM_BAR_H

#include <linux/types.h>

struct device;

/** ivshmem_bar_register() - look for devices; Return: 0 or negative errno */
int ivshmem_bar_register(void);

/** ivshmem_bar_unregister() - let go of the device, if there is one */
void ivshmem_bar_unregister(void);

/** ivshmem_bar_is_ours() - is the device's driver this one? Caller holds its lock */
bool ivshmem_bar_is_ours(const struct device *dev);

#endif /* FREEHINT_IVSHMEM_BAR_H */
