/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the ivshmem device and maps its shared memory.
 */
#ifndef TORTURE_PCI_H
#define TORTURE_PCI_H

#include "include/freehint/types.h"

/**
 * pci_map_region() - give BAR2 of the ivshmem device an address
 * @base: where to; a multiple of the size
 *
 * Return: bytes in the BAR, 0 when there is no such device.
 */
u64 pci_map_region(u64 base);

#endif /* TORTURE_PCI_H */
