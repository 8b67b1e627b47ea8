// SPDX-License-Identifier: GPL-2.0
/*
 * The host's reader: copies what the guest wrote and checks the copy.
 *
 * The guest may change every byte at any instant. So each function loads a field once,
 * checks the copy, and bounds it by numbers that come from the size of the host's own
 * mapping, never from the region. The head of guest_publish.c shows why this reader
 * sees words of one round only.
 */
#include "host_snapshot.h"
#include "shm_order.h"
#include "../include/freehint/limits.h"

u64 freehint_region_capacity(u64 size)
{
	u64 bits;

	if (size < FREEHINT_MIN_REGION)
		return 0;
	bits = size - FREEHINT_HEADER_SIZE;
	if (bits > FREEHINT_MAX_PAGES / 8)
		return FREEHINT_MAX_PAGES;
	return bits * 8 / FREEHINT_WORD_BITS * FREEHINT_WORD_BITS;
}

int freehint_reader_attach(struct freehint_reader *reader, const void *base, u64 size)
{
	u64 capacity = freehint_region_capacity(size);

	if (!capacity)
		return -EINVAL;
	reader->shm = base;
	reader->bitmap = (const u64 *)((const u8 *)base + FREEHINT_HEADER_SIZE);
	reader->capacity = capacity;
	return 0;
}

int freehint_read_host_hello(const struct freehint_reader *reader,
			     struct freehint_host_hello *hello)
{
	const struct freehint_host_hello *line = &reader->shm->host_hello;

	hello->magic = shm_load_acquire(&line->magic);
	hello->version_min = shm_load(&line->version_min);
	hello->version = shm_load(&line->version);
	hello->header_size = shm_load(&line->header_size);
	hello->instance = shm_load(&line->instance);
	hello->region_size = shm_load(&line->region_size);
	hello->bitmap_offset = shm_load(&line->bitmap_offset);
	hello->capacity = shm_load(&line->capacity);
	if (hello->magic != FREEHINT_MAGIC)
		return -ENODEV;
	if (hello->version < FREEHINT_VERSION_MIN ||
	    hello->version_min > FREEHINT_VERSION)
		return -EPROTO;
	if (hello->header_size != FREEHINT_HEADER_SIZE ||
	    hello->bitmap_offset != FREEHINT_HEADER_SIZE ||
	    hello->capacity != reader->capacity)
		return -EINVAL;
	return 0;
}

bool freehint_read_host_request(const struct freehint_reader *reader,
				struct freehint_host_request *req)
{
	const struct freehint_host_request *line = &reader->shm->host_request;

	req->round = shm_load_acquire(&line->round);
	req->phase = shm_load(&line->phase);
	req->pass = shm_load(&line->pass);
	shm_load_fence();
	return shm_load(&line->round) == req->round;
}

static int check_guest_hello(const struct freehint_guest_hello *hello)
{
	if (hello->version < FREEHINT_VERSION_MIN || hello->version > FREEHINT_VERSION)
		return -EPROTO;
	if (hello->page_shift != FREEHINT_PAGE_SHIFT)
		return -EINVAL;
	if (hello->contract < FREEHINT_CONTRACT_DEAD ||
	    hello->contract > FREEHINT_CONTRACT_REFUSED ||
	    hello->refusal > FREEHINT_REFUSAL_PREZERO)
		return -EINVAL;
	if (hello->give_back > FREEHINT_GIVE_BACK_FAILED)
		return -EINVAL;
	return 0;
}

int freehint_read_guest_hello(const struct freehint_reader *reader, u64 instance,
			      struct freehint_guest_hello *hello)
{
	const struct freehint_guest_hello *line = &reader->shm->guest_hello;

	hello->instance = shm_load_acquire(&line->instance);
	hello->version = shm_load(&line->version);
	hello->page_shift = shm_load(&line->page_shift);
	hello->contract = shm_load(&line->contract);
	hello->refusal = shm_load(&line->refusal);
	hello->max_order = shm_load(&line->max_order);
	hello->give_back = FREEHINT_GIVE_BACK_UNKNOWN;
	if (hello->version >= FREEHINT_VERSION_GIVE_BACK)
		hello->give_back = shm_load(&line->give_back);
	hello->end_pfn = shm_load(&line->end_pfn);
	hello->incarnation = shm_load(&line->incarnation);
	shm_load_fence();
	if (!instance || hello->instance != instance ||
	    shm_load(&line->instance) != instance)
		return -ENOENT;
	return check_guest_hello(hello);
}

u64 freehint_read_beats(const struct freehint_reader *reader)
{
	return shm_load(&reader->shm->guest_beat.beats);
}

u32 freehint_read_poll_us(const struct freehint_reader *reader,
			  const struct freehint_guest_hello *hello)
{
	if (hello->version < FREEHINT_VERSION_POLL)
		return 0;
	return shm_load(&reader->shm->guest_beat.poll_us);
}

int freehint_read_progress(const struct freehint_reader *reader, u64 round, u64 *mark)
{
	const struct freehint_guest_progress *line = &reader->shm->guest_progress;
	u64 seen;

	if (round == FREEHINT_NO_ROUND || shm_load_acquire(&line->round) != round)
		return -EAGAIN;
	seen = shm_load_acquire(&line->watermark);
	if (shm_load(&line->round) != round)
		return -EAGAIN;
	if (seen > reader->capacity || seen % FREEHINT_WORD_BITS)
		return -ERANGE;
	*mark = seen;
	return 0;
}

int freehint_copy_bitmap(const struct freehint_reader *reader, u64 round, u64 from,
			 u64 to, u64 *words)
{
	u64 i, first = from / FREEHINT_WORD_BITS, end = to / FREEHINT_WORD_BITS;

	if (from > to || to > reader->capacity || from % FREEHINT_WORD_BITS ||
	    to % FREEHINT_WORD_BITS || round == FREEHINT_NO_ROUND)
		return -EINVAL;
	for (i = first; i < end; i++)
		words[i - first] = shm_load(&reader->bitmap[i]);
	/* Pairs with the fence after progress.round in freehint_open_round(). */
	shm_load_fence();
	if (shm_load(&reader->shm->guest_progress.round) != round)
		return -EAGAIN;
	return 0;
}

int freehint_read_seal(const struct freehint_reader *reader, u64 round,
		       struct freehint_guest_seal *seal)
{
	const struct freehint_guest_seal *line = &reader->shm->guest_seal;

	if (round == FREEHINT_NO_ROUND || shm_load_acquire(&line->round) != round)
		return -EAGAIN;
	seal->round = round;
	seal->status = shm_load(&line->status);
	seal->hold_us = shm_load(&line->hold_us);
	seal->free_pages = shm_load(&line->free_pages);
	seal->end_pfn = shm_load(&line->end_pfn);
	seal->scan_us = shm_load(&line->scan_us);
	seal->blocks = shm_load(&line->blocks);
	shm_load_fence();
	if (shm_load(&line->round) != round)
		return -EAGAIN;
	if (seal->status < FREEHINT_SEAL_COMPLETE ||
	    seal->status > FREEHINT_SEAL_ABORTED ||
	    seal->end_pfn > reader->capacity || seal->free_pages > seal->end_pfn ||
	    seal->end_pfn % FREEHINT_WORD_BITS)
		return -EINVAL;
	return 0;
}
