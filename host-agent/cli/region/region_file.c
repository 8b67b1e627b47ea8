// SPDX-License-Identifier: GPL-2.0
/*
 * Opens the shared memory of a virtual machine read-only, and copies its bitmap.
 */
#include "region_file.h"

#include <errno.h>
#include <string.h>

#include "../terminal/complain.h"
#include "include/freehint/shm_layout.h"

#define CHUNK_WORDS	4096ULL
#define CHUNK_PAGES	(CHUNK_WORDS * FREEHINT_WORD_BITS)

const char *region_file_reason(int error)
{
	switch (error) {
	case -ENODEV:
		return "it is not a regular file";
	case -ENODATA:
		return "it is smaller than QEMU's region";
	case -EINVAL:
		return "a region has a power of two of bytes, 8192 at least, and it has not";
	case -EFBIG:
		return "it is larger than any region";
	default:
		return strerror(-error);
	}
}

int region_file_open(struct shm_region *region, const char *path, u64 size)
{
	int ret = shm_region_guard();

	if (!ret)
		ret = shm_region_map(region, path, size);
	if (ret)
		complain("%s: %s; name the file of the ivshmem device", path,
			 region_file_reason(ret));
	return ret;
}

bool region_file_lost(const struct shm_region *region, const char *path)
{
	bool lost = shm_region_lost(region);

	if (lost)
		complain("%s was truncated while it was read: try again with the file of a running QEMU",
			 path);
	return lost;
}

bool region_file_is_of(const struct shm_region *region, u64 instance)
{
	struct freehint_host_hello hello;
	struct freehint_reader reader;

	return !freehint_reader_attach(&reader, region->base, region->size) &&
	       freehint_read_host_hello(&reader, &hello) != -ENODEV &&
	       hello.region_size == region->size && hello.instance == instance;
}

int region_file_walk(const struct freehint_reader *reader, u64 round, u64 mark,
		     bitmap_words_fn *callback, void *opaque)
{
	static u64 words[CHUNK_WORDS];
	u64 at, to;
	int ret;

	for (at = 0; at < mark; at = to) {
		to = mark - at < CHUNK_PAGES ? mark : at + CHUNK_PAGES;
		ret = freehint_copy_bitmap(reader, round, at, to, words);
		if (ret)
			return ret;
		callback(opaque, at, words, (to - at) / FREEHINT_WORD_BITS);
	}
	return 0;
}
