/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared memory of a virtual machine, opened read-only by a command that looks at it.
 */
#ifndef FREEHINT_CLI_REGION_FILE_H
#define FREEHINT_CLI_REGION_FILE_H

#include "host-agent/common/shm_region.h"
#include "proto/host_snapshot.h"

/**
 * region_file_open() - map it
 * @region:  filled; shm_region_unmap() it
 * @command: that complains if it cannot be mapped
 * @path:    file behind the ivshmem device
 *
 * Return: 0 or negative errno; the reason was told.
 */
int region_file_open(struct shm_region *region, const char *command, const char *path);

/** bitmap_words_fn - @count copied words, the first bit of which is @page */
typedef void bitmap_words_fn(void *opaque, u64 page, const u64 *words, u64 count);

/**
 * region_file_walk() - copy what the guest has published of a round, piece by piece
 * @reader: region
 * @round:  round
 * @mark:   what freehint_read_progress() gave
 * @take:   called for each piece
 * @opaque: for @take
 *
 * Return: 0, or negative errno when the guest went on meanwhile: forget what was taken.
 */
int region_file_walk(const struct freehint_reader *reader, u64 round, u64 mark,
		     bitmap_words_fn *take, void *opaque);

#endif /* FREEHINT_CLI_REGION_FILE_H */
