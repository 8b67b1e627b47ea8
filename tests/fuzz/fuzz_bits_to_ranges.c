// SPDX-License-Identifier: GPL-2.0
/*
 * Bitmaps of any shape, in chunks of any size, taken in portions of any size: the
 * ranges must be the bitmap, bit by bit.
 */
#include "fuzz.h"

#include "include/freehint/limits.h"

/* So short that the limit is met all the time: 3 words and a bit. */
#undef FREEHINT_MAX_RANGE_BYTES
#define FREEHINT_MAX_RANGE_BYTES	(200ULL << 12)

#include "host-agent/common/bits_to_ranges.c"

#define WORDS	512
#define PAGES	(WORDS * FREEHINT_WORD_BITS)
#define PORTION	64

static u64 bitmap[WORDS];
static u64 seen[WORDS];
static u64 after;

static bool is_set(const u64 *map, u64 page)
{
	return map[page / FREEHINT_WORD_BITS] >> page % FREEHINT_WORD_BITS & 1;
}

static void check_range(const struct freehint_range *range)
{
	u64 page = range->start >> FREEHINT_PAGE_SHIFT;
	u64 end = (range->start + range->length) >> FREEHINT_PAGE_SHIFT;

	MUST(range->start % FREEHINT_PAGE_SIZE == 0);
	MUST(range->length && range->length % FREEHINT_PAGE_SIZE == 0);
	MUST(range->length <= FREEHINT_MAX_RANGE_BYTES);
	MUST(range->start >= after);
	after = range->start + range->length;
	MUST(end <= PAGES);
	for (; page < end; page++) {
		MUST(is_set(bitmap, page));
		seen[page / FREEHINT_WORD_BITS] |= 1ULL << page % FREEHINT_WORD_BITS;
	}
}

/* Runs of words: zeros, ones, or eight bytes of the input. */
static void fill(struct input *in, u64 *words, u64 count)
{
	u64 word, i = 0;
	unsigned int again;
	u8 kind;

	while (i < count) {
		kind = take8(in);
		word = kind & 2 ? take64(in) : kind & 1 ? ~0ULL : 0;
		for (again = kind >> 2 & 15; i < count; again--) {
			words[i++] = word;
			if (!again)
				break;
		}
	}
}

static void drain(struct bits_to_ranges *conv, struct input *in)
{
	struct freehint_range out[PORTION];
	unsigned int count, max, i;

	while (bits_to_ranges_busy(conv)) {
		max = 1 + take8(in) % PORTION;
		count = bits_to_ranges_take(conv, out, max);
		MUST(count <= max);
		/* It stops early only at the end of the chunk. */
		MUST(count == max || !bits_to_ranges_busy(conv));
		for (i = 0; i < count; i++)
			check_range(&out[i]);
	}
}

/* Return: words of the next chunk; it may begin behind a gap of clear words. */
static u64 next_chunk(struct input *in, u64 *first)
{
	u8 shape = take8(in);
	u64 gap = shape & 0xc0 ? 0 : shape & 3, count = 1 + (shape >> 2 & 15);

	*first += gap;
	if (*first >= WORDS)
		return 0;
	return count < WORDS - *first ? count : WORDS - *first;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct bits_to_ranges conv;
	struct freehint_range last;
	u64 first = 0, count;

	memset(bitmap, 0, sizeof(bitmap));
	memset(seen, 0, sizeof(seen));
	after = 0;
	bits_to_ranges_reset(&conv);
	while (in.left && (count = next_chunk(&in, &first))) {
		fill(&in, bitmap + first, count);
		bits_to_ranges_load(&conv, first * FREEHINT_WORD_BITS, bitmap + first, count);
		drain(&conv, &in);
		first += count;
		if (take8(&in) & 1 && bits_to_ranges_flush(&conv, &last))
			check_range(&last);
	}
	if (bits_to_ranges_flush(&conv, &last))
		check_range(&last);
	MUST(!bits_to_ranges_flush(&conv, &last));
	MUST(!memcmp(bitmap, seen, sizeof(bitmap)));
	return 0;
}
