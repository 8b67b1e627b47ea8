/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose memory a memory region is: a memory backend's or a device's.
 */
#ifndef FREEHINT_MEMORY_BACKEND_H
#define FREEHINT_MEMORY_BACKEND_H

#include "qemu_abi.h"

/**
 * memory_backend_of() - the memory backend that owns a region
 * @region: of QEMU
 *
 * Context: BQL held.
 *
 * Return: the backend, without a reference; NULL: a device owns the region, or nobody.
 */
static inline Object *memory_backend_of(MemoryRegion *region)
{
	Object *owner = qemu.memory_region_owner(region);

	return owner ? qemu.object_dynamic_cast(owner, "memory-backend") : NULL;
}

#endif /* FREEHINT_MEMORY_BACKEND_H */
