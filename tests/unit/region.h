/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region in memory or in a file for unit tests: made, introduced by the host, and
 * given back.
 */
#ifndef FREEHINT_TEST_REGION_H
#define FREEHINT_TEST_REGION_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/guest_publish.h"
#include "proto/host_request.h"
#include "proto/host_snapshot.h"
#include "include/freehint/limits.h"

#define REGION_INSTANCE		0x1122334455667788ULL

/* The largest bitmap and its header: address space only until it is written. */
#define REGION_BIGGEST		(FREEHINT_HEADER_SIZE + FREEHINT_MAX_PAGES / 8)

/**
 * struct region - the bytes and both sides' views of them
 * @base: the mapping
 * @size: bytes
 * @shm:  the same as @base
 */
struct region {
	void *base;
	u64 size;
	struct freehint_shm *shm;
};

/** region_map() - zeroed memory of @size bytes, no hello in it; aborts on failure */
static inline struct region region_map(u64 size)
{
	struct region region = { .size = size };

	region.base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region.base == MAP_FAILED)
		__builtin_trap();
	region.shm = region.base;
	return region;
}

/** region_make() - region_map() and the host's hello */
static inline struct region region_make(u64 size)
{
	struct region region = region_map(size);

	if (freehint_write_host_hello(region.shm, size, REGION_INSTANCE))
		__builtin_trap();
	return region;
}

/** region_make_file() - region_make() in a file; mkstemp() fills @path */
static inline struct region region_make_file(char *path, u64 size)
{
	struct region region = { .size = size };
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		__builtin_trap();
	region.base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	region.shm = region.base;
	if (region.base == MAP_FAILED ||
	    freehint_write_host_hello(region.shm, size, REGION_INSTANCE))
		__builtin_trap();
	return region;
}

/** region_drop() - give the memory back */
static inline void region_drop(struct region *region)
{
	munmap(region->base, region->size);
}

/** region_word() - word @index of the bitmap, as it stands in the region */
static inline u64 *region_word(const struct region *region, u64 index)
{
	return (u64 *)((u8 *)region->base + FREEHINT_HEADER_SIZE) + index;
}

#endif /* FREEHINT_TEST_REGION_H */
