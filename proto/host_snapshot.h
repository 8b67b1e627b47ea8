/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's reading side: copies of what the guest wrote, checked after the
 * copy. Compiled into the agent, the QEMU extension and the tests.
 */
#ifndef FREEHINT_HOST_SNAPSHOT_H
#define FREEHINT_HOST_SNAPSHOT_H

#include "../include/freehint/shm_layout.h"

/**
 * struct freehint_reader - a region as the host sees it
 * @shm:      start of the mapping; the caller maps and unmaps it
 * @bitmap:   first word of the bitmap
 * @capacity: bits in the bitmap, computed from the mapping's size alone
 */
struct freehint_reader {
	const struct freehint_shm *shm;
	const u64 *bitmap;
	u64 capacity;
};

/** freehint_region_capacity() - bits that fit a region of @size bytes, 0 if none */
u64 freehint_region_capacity(u64 size);

/**
 * freehint_reader_attach() - use a mapping as a region
 * @reader: filled
 * @base:   mapping, page aligned, readable
 * @size:   bytes
 *
 * Return: 0, or -EINVAL when no region fits @size.
 */
int freehint_reader_attach(struct freehint_reader *reader, const void *base, u64 size);

/**
 * freehint_read_host_hello() - copy line 0
 * @reader: reader
 * @hello:  filled with what stands there
 *
 * Return: 0; -ENODEV: no magic, QEMU runs without the extension or has not
 * started the guest yet; -EPROTO: no common version; -EINVAL: sizes that
 * contradict the mapping.
 */
int freehint_read_host_hello(const struct freehint_reader *reader,
			     struct freehint_host_hello *hello);

/** freehint_read_host_request() - copy line 1; false when it changed meanwhile */
bool freehint_read_host_request(const struct freehint_reader *reader,
				struct freehint_host_request *req);

/**
 * freehint_read_guest_hello() - copy the guest's hello if it is for us
 * @reader:   reader
 * @instance: the instance the guest has to echo
 * @hello:    filled
 *
 * Return: 0; -ENOENT: no guest said hello to @instance; -EPROTO: its version
 * lies outside our window; -EINVAL: nonsense (page size, contract, refusal).
 */
int freehint_read_guest_hello(const struct freehint_reader *reader, u64 instance,
			      struct freehint_guest_hello *hello);

/** freehint_read_beats() - the guest's poll counter */
u64 freehint_read_beats(const struct freehint_reader *reader);

/**
 * freehint_read_poll_us() - how long the guest may take until its next look
 * @reader: reader
 * @hello:  the guest's hello, as freehint_read_guest_hello() filled it
 *
 * The guest's word, not checked: any number.
 *
 * Return: microseconds; 0: a guest of version 1 does not say.
 */
u32 freehint_read_poll_us(const struct freehint_reader *reader,
			  const struct freehint_guest_hello *hello);

/**
 * freehint_read_progress() - how far a round is
 * @reader: reader
 * @round:  round asked for, not FREEHINT_NO_ROUND
 * @mark:   filled with the watermark, a multiple of 64, at most the capacity
 *
 * Return: 0; -EAGAIN: the guest has not begun this round; -ERANGE: a watermark
 * beyond the capacity or not a multiple of 64.
 */
int freehint_read_progress(const struct freehint_reader *reader, u64 round, u64 *mark);

/**
 * freehint_copy_bitmap() - copy words of a round that lie below its watermark
 * @reader: reader
 * @round:  round asked for
 * @from:   first pfn, a multiple of 64
 * @to:     end pfn, a multiple of 64, at most what freehint_read_progress() gave
 * @words:  room for (to - from) / 64 words
 *
 * Return: 0; -EAGAIN: the guest went on to another round, the copy is void;
 * -EINVAL: bad bounds.
 */
int freehint_copy_bitmap(const struct freehint_reader *reader, u64 round, u64 from,
			 u64 to, u64 *words);

/**
 * freehint_read_seal() - copy the seal of a round
 * @reader: reader
 * @round:  round asked for
 * @seal:   filled
 *
 * Return: 0; -EAGAIN: not sealed yet; -EINVAL: a seal that contradicts itself.
 */
int freehint_read_seal(const struct freehint_reader *reader, u64 round,
		       struct freehint_guest_seal *seal);

#endif /* FREEHINT_HOST_SNAPSHOT_H */
