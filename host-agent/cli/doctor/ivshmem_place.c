// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the ivshmem device as the guest sees it.
 */
#include "ivshmem_place.h"

#include <stdio.h>

#include "host-agent/common/json_natural.h"

#define VENDOR		0x1af4
#define DEVICE		0x1110
#define SHARED_BAR	2

/* Most levels of bridges to search; QEMU has no more. */
#define MAX_DEPTH	16

static const json_t *shared_bar(const json_t *device, u64 size)
{
	const json_t *regions = json_object_get(device, "regions"), *region;
	size_t i;

	json_array_foreach(regions, i, region)
		if (json_natural(region, "bar") == SHARED_BAR &&
		    json_natural(region, "size") == size)
			return region;
	return NULL;
}

static bool match_device(struct ivshmem_place *place, const json_t *device, u64 size)
{
	const json_t *id = json_object_get(device, "id"), *bar = shared_bar(device, size);
	json_int_t address;

	if (json_natural(id, "vendor") != VENDOR || json_natural(id, "device") != DEVICE || !bar)
		return false;
	address = json_integer_value(json_object_get(bar, "address"));
	place->address = address > 0 ? (u64)address : 0;
	snprintf(place->slot, sizeof(place->slot), "0000:%02x:%02x.%x",
		 (unsigned int)json_natural(device, "bus") & 0xff,
		 (unsigned int)json_natural(device, "slot") & 0x1f,
		 (unsigned int)json_natural(device, "function") & 0x7);
	return true;
}

static bool search_devices(struct ivshmem_place *place, const json_t *devices, u64 size, int depth)
{
	const json_t *device, *behind;
	size_t i;

	json_array_foreach(devices, i, device) {
		if (match_device(place, device, size))
			return true;
		behind = json_object_get(json_object_get(device, "pci_bridge"), "devices");
		if (depth < MAX_DEPTH && search_devices(place, behind, size, depth + 1))
			return true;
	}
	return false;
}

bool ivshmem_place_find(struct ivshmem_place *place, const json_t *buses, u64 size)
{
	const json_t *bus;
	size_t i;

	json_array_foreach(buses, i, bus)
		if (search_devices(place, json_object_get(bus, "devices"), size, 0))
			return true;
	return false;
}
