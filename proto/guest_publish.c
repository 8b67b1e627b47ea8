// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of the region: hello, heartbeat, and one bitmap per round,
 * published in address order.
 *
 * Invariant: a reader that finds the same round in progress before and after it copied
 * words below the watermark has copied words of that round and of no other:
 *
 *	guest				host (host_snapshot.c)
 *	watermark = 0			round' = acquire(progress.round)
 *	fence				mark = acquire(watermark)
 *	progress.round = R		copy words below mark
 *	fence				fence
 *	words				progress.round == round' ? keep : drop
 *	release(watermark)
 *
 * The guest never reads these lines back, so another writer that changes them cannot
 * confuse it.
 *
 * The mapping may be write-combining. So there is a fence where a reader needs the order,
 * and a flush where the guest may then store nothing for long.
 *
 * docs/guest-module.md explains each of them, and why there is no lock and no second bitmap.
 */
#include "guest_publish.h"
#include "shm_order.h"
#include "../include/freehint/bitops.h"
#include "../include/freehint/limits.h"

static int check_host_hello(const struct freehint_host_hello *hello, u64 size)
{
	u64 room;

	if (hello->header_size != FREEHINT_HEADER_SIZE ||
	    hello->bitmap_offset != FREEHINT_HEADER_SIZE)
		return -EINVAL;
	if (size < FREEHINT_MIN_REGION || hello->region_size > size ||
	    hello->region_size < FREEHINT_MIN_REGION)
		return -EINVAL;
	room = (hello->region_size - FREEHINT_HEADER_SIZE) * 8;
	if (!hello->capacity || hello->capacity > room ||
	    hello->capacity > FREEHINT_MAX_PAGES ||
	    hello->capacity % FREEHINT_WORD_BITS)
		return -EINVAL;
	return 0;
}

static void begin_words(struct freehint_publisher *pub, u64 round)
{
	pub->round = round;
	pub->mark = 0;
	pub->free = 0;
	pub->shown_mark = 0;
	pub->shown_free = 0;
}

int freehint_publisher_attach(struct freehint_publisher *pub, void *base, u64 size)
{
	struct freehint_shm *shm = base;
	struct freehint_host_hello hello;
	int ret;

	if (size < FREEHINT_MIN_REGION)
		return -ENODEV;
	hello.magic = shm_load_acquire(&shm->host_hello.magic);
	if (hello.magic != FREEHINT_MAGIC)
		return -ENODEV;
	hello.version_min = shm_load(&shm->host_hello.version_min);
	hello.version = shm_load(&shm->host_hello.version);
	pub->host_version_min = hello.version_min;
	pub->host_version = hello.version;
	if (hello.version < FREEHINT_VERSION_MIN ||
	    hello.version_min > FREEHINT_VERSION)
		return -EPROTO;
	hello.header_size = shm_load(&shm->host_hello.header_size);
	hello.region_size = shm_load(&shm->host_hello.region_size);
	hello.bitmap_offset = shm_load(&shm->host_hello.bitmap_offset);
	hello.capacity = shm_load(&shm->host_hello.capacity);
	ret = check_host_hello(&hello, size);
	if (ret)
		return ret;

	pub->shm = shm;
	pub->bitmap = (u64 *)((u8 *)base + FREEHINT_HEADER_SIZE);
	pub->size = size;
	pub->capacity = hello.capacity;
	pub->version = hello.version < FREEHINT_VERSION ? hello.version :
							  FREEHINT_VERSION;
	begin_words(pub, FREEHINT_NO_ROUND);
	return 0;
}

const char *freehint_older_side(const struct freehint_publisher *pub)
{
	return pub->host_version < FREEHINT_VERSION_MIN ? "freehint of the host" :
							  "freehint of this guest";
}

void freehint_refresh_hello(struct freehint_publisher *pub,
			    const struct freehint_guest_facts *facts)
{
	struct freehint_guest_hello *hello = &pub->shm->guest_hello;

	if (pub->version >= FREEHINT_VERSION_GIVE_BACK)
		shm_store(&hello->give_back, facts->give_back);
	shm_store(&hello->end_pfn, facts->end_pfn);
}

void freehint_publish_hello(struct freehint_publisher *pub, u64 instance,
			    const struct freehint_guest_facts *facts)
{
	struct freehint_guest_hello *hello = &pub->shm->guest_hello;

	freehint_withdraw(pub);
	shm_store(&hello->version, pub->version);
	shm_store(&hello->page_shift, (u16)FREEHINT_PAGE_SHIFT);
	shm_store(&hello->contract, facts->contract);
	shm_store(&hello->refusal, facts->refusal);
	shm_store(&hello->max_order, facts->max_order);
	freehint_refresh_hello(pub, facts);
	shm_store(&hello->incarnation, facts->incarnation);
	shm_store_release(&hello->instance, instance);
	shm_store_flush();
}

bool freehint_shows_host(const struct freehint_publisher *pub, u64 instance)
{
	const struct freehint_host_hello *hello = &pub->shm->host_hello;

	return shm_load(&hello->magic) == FREEHINT_MAGIC && shm_load(&hello->instance) == instance;
}

void freehint_withdraw(struct freehint_publisher *pub)
{
	struct freehint_shm *shm = pub->shm;

	begin_words(pub, FREEHINT_NO_ROUND);
	/* In any order: a copied word stays true, and the next round has its own fences. */
	shm_store(&shm->guest_hello.instance, 0ULL);
	shm_store(&shm->guest_progress.watermark, 0ULL);
	shm_store(&shm->guest_progress.round, FREEHINT_NO_ROUND);
	shm_store(&shm->guest_seal.round, FREEHINT_NO_ROUND);
	/* After this the next hello changes its facts, or the module is gone. */
	shm_store_flush();
}

void freehint_beat(struct freehint_publisher *pub, u64 beats, u32 poll_us)
{
	struct freehint_guest_beat *line = &pub->shm->guest_beat;

	if (pub->version >= FREEHINT_VERSION_POLL)
		shm_store(&line->poll_us, poll_us);
	shm_store(&line->beats, beats);
	/* The thread may sleep now. */
	shm_store_flush();
}

bool freehint_read_request(const struct freehint_publisher *pub,
			   struct freehint_request *req)
{
	const struct freehint_shm *shm = pub->shm;

	/*
	 * The instance may be loaded before or after the round. A host stores a new one
	 * while there is no round, so the second look finds a mix of two hosts.
	 */
	req->instance = shm_load(&shm->host_hello.instance);
	req->round = shm_load_acquire(&shm->host_request.round);
	req->phase = shm_load(&shm->host_request.phase);
	req->pass = shm_load(&shm->host_request.pass);
	req->kicks = shm_load(&shm->host_request.kicks);
	shm_load_fence();
	return freehint_round_is_current(pub, req->round) &&
	       shm_load(&shm->host_hello.instance) == req->instance;
}

bool freehint_round_is_current(const struct freehint_publisher *pub, u64 round)
{
	return shm_load(&pub->shm->host_request.round) == round;
}

void freehint_open_round(struct freehint_publisher *pub, u64 round)
{
	struct freehint_shm *shm = pub->shm;

	shm_store(&shm->guest_progress.watermark, 0ULL);
	shm_store_fence();
	shm_store(&shm->guest_progress.round, round);
	/* The new id is visible before the first word of the new bitmap. */
	shm_store_fence();
	begin_words(pub, round);
}

void freehint_put_words(struct freehint_publisher *pub, const u64 *words, u64 count)
{
	u64 first = pub->mark / FREEHINT_WORD_BITS;
	u64 room = pub->capacity / FREEHINT_WORD_BITS - first;
	u64 i;

	if (count > room)
		count = room;
	for (i = 0; i < count; i++) {
		shm_store(&pub->bitmap[first + i], words[i]);
		pub->free += hweight64(words[i]);
	}
	pub->mark += count * FREEHINT_WORD_BITS;
}

void freehint_put_used(struct freehint_publisher *pub, u64 pfn)
{
	u64 word = pub->mark / FREEHINT_WORD_BITS;
	u64 end;

	if (pfn > pub->capacity)
		pfn = pub->capacity;
	end = pfn / FREEHINT_WORD_BITS;
	if (end <= word)
		return;
	for (; word < end; word++)
		shm_store(&pub->bitmap[word], 0ULL);
	pub->mark = end * FREEHINT_WORD_BITS;
}

/* No flush: the stores of the next block follow soon, or those of the seal. */
void freehint_advance(struct freehint_publisher *pub)
{
	shm_store_release(&pub->shm->guest_progress.watermark, pub->mark);
	pub->shown_mark = pub->mark;
	pub->shown_free = pub->free;
}

bool freehint_advance_current(struct freehint_publisher *pub)
{
	/* All words are in the region or lost before the device is looked at. */
	shm_full_fence();
	if (!freehint_round_is_current(pub, pub->round))
		return false;
	freehint_advance(pub);
	return true;
}

void freehint_drop_words(struct freehint_publisher *pub)
{
	pub->mark = pub->shown_mark;
	pub->free = pub->shown_free;
}

void freehint_seal_round(struct freehint_publisher *pub,
			 const struct freehint_seal_facts *facts)
{
	struct freehint_guest_seal *seal = &pub->shm->guest_seal;

	freehint_advance(pub);
	shm_store(&seal->round, FREEHINT_NO_ROUND);
	/* The extension reads the seal alone: no fact of ours under the round before. */
	shm_store_fence();
	shm_store(&seal->status, facts->status);
	shm_store(&seal->hold_us, facts->hold_us);
	shm_store(&seal->free_pages, pub->free);
	shm_store(&seal->end_pfn, pub->mark);
	shm_store(&seal->scan_us, facts->scan_us);
	shm_store(&seal->blocks, facts->blocks);
	shm_store_release(&seal->round, pub->round);
	/* Nothing is stored until the next poll, and the host waits for the seal. */
	shm_store_flush();
	pub->round = FREEHINT_NO_ROUND;
}
