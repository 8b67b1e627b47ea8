/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the guest sees the ivshmem device, as query-pci tells it.
 */
#ifndef FREEHINT_CLI_IVSHMEM_PLACE_H
#define FREEHINT_CLI_IVSHMEM_PLACE_H

#include <jansson.h>

#include "include/freehint/types.h"

#define IVSHMEM_SLOT	24

/**
 * struct ivshmem_place - a device
 * @slot:    as the guest's kernel names it: 0000:BUS:SLOT.FUNCTION
 * @address: of BAR 2 in the guest, bytes; 0: it has none yet
 */
struct ivshmem_place {
	char slot[IVSHMEM_SLOT];
	u64 address;
};

/**
 * ivshmem_place_find() - look for it, behind bridges, too
 * @place: filled
 * @buses: answer to query-pci
 * @size:  bytes of BAR 2, by which it is told from others
 *
 * Return: whether it is there.
 */
bool ivshmem_place_find(struct ivshmem_place *place, const json_t *buses, u64 size);

#endif /* FREEHINT_CLI_IVSHMEM_PLACE_H */
