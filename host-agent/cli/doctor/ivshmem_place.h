/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the ivshmem device as the guest sees it, in the answer to query-pci.
 */
#ifndef FREEHINT_CLI_IVSHMEM_PLACE_H
#define FREEHINT_CLI_IVSHMEM_PLACE_H

#include <jansson.h>

#include "include/freehint/types.h"

#define IVSHMEM_SLOT	24

/**
 * struct ivshmem_place - where the guest sees a device
 * @slot:    as the guest's kernel names it: 0000:BUS:SLOT.FUNCTION
 * @address: address of BAR 2 in the guest; 0: it has none yet
 */
struct ivshmem_place {
	char slot[IVSHMEM_SLOT];
	u64 address;
};

/**
 * ivshmem_place_find() - look for the device, also behind bridges
 * @place: filled
 * @buses: answer to query-pci
 * @size:  bytes of BAR 2; distinguishes the device from other ivshmem devices
 *
 * Return: true when it was found.
 */
bool ivshmem_place_find(struct ivshmem_place *place, const json_t *buses, u64 size);

#endif /* FREEHINT_CLI_IVSHMEM_PLACE_H */
