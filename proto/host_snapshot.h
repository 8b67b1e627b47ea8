/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's reader: copies what the guest wrote and checks the copy. Compiled into the
 * agent, the QEMU extension and the tests.
 */
#ifndef FREEHINT_HOST_SNAPSHOT_H
#define FREEHINT_HOST_SNAPSHOT_H

#include "../include/freehint/shm_layout.h"

/**
 * struct freehint_reader - the host's view of a region
 * @shm:      start of the mapping; the caller maps and unmaps it
 * @bitmap:   first word of the bitmap
 * @capacity: bits in the bitmap, computed from the mapping's size alone
 *
 * Nothing changes it after freehint_reader_attach().
 */
struct freehint_reader {
	const struct freehint_shm *shm;
	const u64 *bitmap;
	u64 capacity;
};

/** freehint_region_capacity() - Return: bits that fit in a region of @size bytes, or 0 */
u64 freehint_region_capacity(u64 size);

/**
 * freehint_reader_attach() - use a mapping as a region
 * @reader: filled
 * @base:   mapping, page aligned, readable
 * @size:   bytes
 *
 * Return: 0, or -EINVAL if @size is too small for a region.
 */
int freehint_reader_attach(struct freehint_reader *reader, const void *base, u64 size);

/**
 * freehint_read_host_hello() - copy line 0
 * @reader: reader
 * @hello:  filled with the copy, also on failure
 *
 * Return: 0; -ENODEV: no magic, since QEMU runs without the extension or has not
 * started the guest yet; -EPROTO: no common version; -EINVAL: the sizes contradict the
 * mapping.
 */
int freehint_read_host_hello(const struct freehint_reader *reader,
			     struct freehint_host_hello *hello);

/**
 * freehint_read_host_request() - copy round, phase and pass of line 1
 * @reader: reader
 * @req:    filled; kicks and the reserved fields are not
 *
 * Return: true; false if the line changed meanwhile.
 */
bool freehint_read_host_request(const struct freehint_reader *reader,
				struct freehint_host_request *req);

/**
 * freehint_read_guest_hello() - copy the guest's hello if it is for this host
 * @reader:   reader
 * @instance: instance that the guest must echo
 * @hello:    filled, also on failure
 *
 * Return: 0; -ENOENT: no guest has published a hello for @instance; -EPROTO: its
 * version is outside our window; -EINVAL: invalid page size, contract, refusal or
 * give_back.
 */
int freehint_read_guest_hello(const struct freehint_reader *reader, u64 instance,
			      struct freehint_guest_hello *hello);

/** freehint_read_beats() - Return: the guest's poll counter */
u64 freehint_read_beats(const struct freehint_reader *reader);

/**
 * freehint_read_poll_us() - time until the guest's next poll
 * @reader: reader
 * @hello:  the guest's hello, as freehint_read_guest_hello() filled it
 *
 * The guest wrote the number and nothing checks it, so it may be any number.
 *
 * Return: microseconds; 0 for a guest of version 1, which does not publish it.
 */
u32 freehint_read_poll_us(const struct freehint_reader *reader,
			  const struct freehint_guest_hello *hello);

/**
 * freehint_read_progress() - read the watermark of a round
 * @reader: reader
 * @round:  requested round, not FREEHINT_NO_ROUND
 * @mark:   on success the watermark: pfn, a multiple of 64, at most the capacity
 *
 * Return: 0; -EAGAIN: the guest does not publish this round now; -ERANGE: the
 * watermark is above the capacity or not a multiple of 64.
 */
int freehint_read_progress(const struct freehint_reader *reader, u64 round, u64 *mark);

/**
 * freehint_copy_bitmap() - copy words of a round that lie below its watermark
 * @reader: reader
 * @round:  requested round
 * @from:   first pfn, a multiple of 64
 * @to:     end pfn, a multiple of 64, at most the mark of freehint_read_progress()
 * @words:  room for (to - from) / 64 words
 *
 * Copies [from, to).
 *
 * Return: 0; -EAGAIN: the guest started another round, so the copy is invalid;
 * -EINVAL: invalid bounds.
 */
int freehint_copy_bitmap(const struct freehint_reader *reader, u64 round, u64 from,
			 u64 to, u64 *words);

/**
 * freehint_read_seal() - copy the seal of a round
 * @reader: reader
 * @round:  requested round
 * @seal:   filled; valid only if 0 is returned
 *
 * Return: 0; -EAGAIN: not sealed yet; -EINVAL: the seal contradicts itself or the
 * capacity.
 */
int freehint_read_seal(const struct freehint_reader *reader, u64 round,
		       struct freehint_guest_seal *seal);

#endif /* FREEHINT_HOST_SNAPSHOT_H */
