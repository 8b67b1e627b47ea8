/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file behind the ivshmem device: open, check, map read-only, and survive its
 * truncation.
 */
#ifndef FREEHINT_SHM_REGION_H
#define FREEHINT_SHM_REGION_H

#include "include/freehint/types.h"

/**
 * struct shm_region - a mapping, or none
 * @base: start, NULL when nothing is mapped
 * @size: bytes
 * @device: file system of the file
 * @inode: the file there; no other has this number while it is mapped
 */
struct shm_region {
	const void *base;
	u64 size;
	u64 device;
	u64 inode;
};

/**
 * shm_region_guard() - install the SIGBUS handler for mapped regions
 *
 * Call it once, before the sandbox is closed.
 *
 * Return: 0 or negative errno.
 */
int shm_region_guard(void);

/**
 * shm_region_map() - open the file and map it
 * @region: region with nothing mapped
 * @path:   file
 * @size:   bytes of the region as QEMU reports it, or 0 for the size of the file
 *
 * Touches no page. Only one region can be mapped at a time.
 *
 * Return: 0; -ENODEV: not a regular file; -EFBIG, -EINVAL: no region can have this
 * size; -ENODATA: the file is smaller than @size; other negative errno of open()
 * or mmap().
 */
int shm_region_map(struct shm_region *region, const char *path, u64 size);

/** shm_region_unmap() - undo shm_region_map(); does nothing when nothing is mapped */
void shm_region_unmap(struct shm_region *region);

/** shm_region_is_replaced() - is another file at @path now? If there is none: false */
bool shm_region_is_replaced(const struct shm_region *region, const char *path);

/**
 * shm_region_lost() - was the file truncated under the mapping?
 *
 * If it was, the mapping reads as zeros, and the caller has to unmap it.
 */
bool shm_region_lost(const struct shm_region *region);

#endif /* FREEHINT_SHM_REGION_H */
