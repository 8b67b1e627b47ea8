// SPDX-License-Identifier: GPL-2.0
/*
 * Opens the shared memory of a virtual machine read-only, and copies its bitmap.
 */
#include "region_file.h"

#include <string.h>

#include "../terminal/complain.h"
#include "include/freehint/shm_layout.h"

#define CHUNK_WORDS	4096ULL
#define CHUNK_PAGES	(CHUNK_WORDS * FREEHINT_WORD_BITS)

int region_file_open(struct shm_region *region, const char *path)
{
	int ret = shm_region_guard();

	if (!ret)
		ret = shm_region_map(region, path, 0);
	if (ret)
		complain("%s: %s; name the file of the ivshmem device", path, strerror(-ret));
	return ret;
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
