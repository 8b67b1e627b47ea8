// SPDX-License-Identifier: GPL-2.0
/*
 * A region of any content and any size: whatever the host's readers let through
 * must be in range, and they must touch no byte outside the region and the copy.
 */
/* links: proto/host_snapshot.c */
#include "fuzz.h"

#include "include/freehint/limits.h"
#include "proto/host_snapshot.h"

static void check_hellos(const struct freehint_reader *reader, u64 instance)
{
	struct freehint_host_hello host;
	struct freehint_guest_hello guest;
	struct freehint_host_request request;

	if (!freehint_read_host_hello(reader, &host)) {
		MUST(host.magic == FREEHINT_MAGIC);
		MUST(host.capacity == reader->capacity);
		MUST(host.header_size == FREEHINT_HEADER_SIZE);
		MUST(host.bitmap_offset == FREEHINT_HEADER_SIZE);
		MUST(host.version_min <= FREEHINT_VERSION &&
		     host.version >= FREEHINT_VERSION_MIN);
	}
	if (!freehint_read_guest_hello(reader, instance, &guest)) {
		MUST(instance && guest.instance == instance);
		MUST(guest.version >= FREEHINT_VERSION_MIN &&
		     guest.version <= FREEHINT_VERSION);
		MUST(guest.page_shift == FREEHINT_PAGE_SHIFT);
		MUST(guest.contract >= FREEHINT_CONTRACT_DEAD &&
		     guest.contract <= FREEHINT_CONTRACT_REFUSED);
		MUST(guest.refusal <= FREEHINT_REFUSAL_PREZERO);
		MUST(guest.give_back <= FREEHINT_GIVE_BACK_FAILED);
	}
	/* Nobody writes meanwhile, so nothing can change under it. */
	MUST(freehint_read_host_request(reader, &request));
	freehint_read_beats(reader);
}

static void check_seal(const struct freehint_reader *reader, u64 round)
{
	struct freehint_guest_seal seal;

	if (freehint_read_seal(reader, round, &seal))
		return;
	MUST(round && seal.round == round);
	MUST(seal.status >= FREEHINT_SEAL_COMPLETE && seal.status <= FREEHINT_SEAL_ABORTED);
	MUST(seal.end_pfn <= reader->capacity && seal.end_pfn % FREEHINT_WORD_BITS == 0);
	MUST(seal.free_pages <= seal.end_pfn);
}

/* The copy has exactly the size that the bounds speak of: ASan sees one byte more. */
static void check_copy(const struct freehint_reader *reader, u64 round, u64 from, u64 to)
{
	u64 count = from <= to && to <= reader->capacity ? (to - from) / FREEHINT_WORD_BITS : 0;
	u64 *words = malloc(count ? count * sizeof(*words) : 1);
	int ret;

	MUST(words);
	ret = freehint_copy_bitmap(reader, round, from, to, words);
	if (!ret) {
		MUST(round && reader->shm->guest_progress.round == round);
		MUST(from <= to && to <= reader->capacity);
		MUST(from % FREEHINT_WORD_BITS == 0 && to % FREEHINT_WORD_BITS == 0);
		MUST(!memcmp(words, reader->bitmap + from / FREEHINT_WORD_BITS,
			     count * sizeof(*words)));
	}
	free(words);
}

static void check_round(const struct freehint_reader *reader, struct input *in, u64 round)
{
	u64 mark, from = take16(in), to = take64(in);

	if (!freehint_read_progress(reader, round, &mark)) {
		MUST(round && mark <= reader->capacity && mark % FREEHINT_WORD_BITS == 0);
		check_copy(reader, round, 0, mark);
		check_copy(reader, round, from < mark ? from & ~63ULL : 0, mark);
	}
	check_copy(reader, round, from, to);
	check_seal(reader, round);
}

static void check_capacity(u64 size)
{
	u64 capacity = freehint_region_capacity(size);

	MUST(capacity <= FREEHINT_MAX_PAGES && capacity % FREEHINT_WORD_BITS == 0);
	MUST(!capacity == (size < FREEHINT_MIN_REGION));
	MUST(!capacity || capacity / 8 <= size - FREEHINT_HEADER_SIZE);
}

/* Header lines and the first words come from the input; the size does, too. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u64 bytes = 4096 + take16(&in) % 8192, round, instance;
	struct freehint_reader reader;
	u8 *region = aligned_alloc(64, bytes & ~63ULL);

	MUST(region);
	bytes &= ~63ULL;
	check_capacity(take64(&in));
	round = take64(&in);
	instance = take64(&in);
	memset(region, 0, bytes);
	if (freehint_reader_attach(&reader, region, bytes)) {
		MUST(bytes < FREEHINT_MIN_REGION);
		free(region);
		return 0;
	}
	MUST(FREEHINT_HEADER_SIZE + reader.capacity / 8 <= bytes);
	take(&in, region, 6 * FREEHINT_LINE);
	check_hellos(&reader, instance);
	check_round(&reader, &in, round);
	check_round(&reader, &in, reader.shm->guest_progress.round);
	check_seal(&reader, reader.shm->guest_seal.round);
	take(&in, region + FREEHINT_HEADER_SIZE, 64);
	check_round(&reader, &in, reader.shm->guest_progress.round);
	free(region);
	return 0;
}
