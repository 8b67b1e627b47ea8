/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opens the shared memory of a virtual machine read-only, and copies its bitmap.
 */
#ifndef FREEHINT_CLI_REGION_FILE_H
#define FREEHINT_CLI_REGION_FILE_H

#include "host-agent/common/shm_region.h"
#include "proto/host_snapshot.h"

/**
 * region_file_open() - map the file
 * @region: filled; call shm_region_unmap() after success
 * @path:   file behind the ivshmem device
 * @size:   bytes of the region as QEMU reports it, or 0 for the size of the file
 *
 * Return: 0 or negative errno; the reason was printed.
 */
int region_file_open(struct shm_region *region, const char *path, u64 size);

/** region_file_reason() - what the negative errno of shm_region_map() means, for the user */
const char *region_file_reason(int error);

/**
 * region_file_lost() - was the file truncated since it was mapped?
 *
 * Then what was read of it may have been zeros. Return: true when it was; that was printed.
 */
bool region_file_lost(const struct shm_region *region, const char *path);

/* What is wrong with a file of another QEMU, or of none: path, instance. */
#define REGION_FILE_OTHER	"%s does not contain this QEMU's instance %llu: give the file of " \
				"this QEMU with --shm"

/** region_file_is_of() - is it the file of the QEMU that reports @instance? */
bool region_file_is_of(const struct shm_region *region, u64 instance);

/** bitmap_words_fn - called with @count copied words; their first bit is page @page */
typedef void bitmap_words_fn(void *opaque, u64 page, const u64 *words, u64 count);

/**
 * region_file_walk() - copy what the guest has published of a round, piece by piece
 * @reader: region
 * @round:  round
 * @mark:   watermark from freehint_read_progress()
 * @callback: called for each piece
 * @opaque: passed to @callback
 *
 * Return: 0, or negative errno when the guest has started another round meanwhile; the
 * caller must drop what @callback got.
 */
int region_file_walk(const struct freehint_reader *reader, u64 round, u64 mark,
		     bitmap_words_fn *callback, void *opaque);

#endif /* FREEHINT_CLI_REGION_FILE_H */
