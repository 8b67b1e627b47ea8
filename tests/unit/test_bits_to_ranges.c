// SPDX-License-Identifier: GPL-2.0
/*
 * Bitmap words to byte ranges: random bitmaps against a model that looks at one
 * bit at a time, and the limits that random bitmaps do not reach.
 */
/* links: host-agent/common/bits_to_ranges.c */
#include "host-agent/common/bits_to_ranges.h"
#include "include/freehint/limits.h"
#include "tests/unit/unit.h"

#define WORDS	64
#define PAGES	(WORDS * 64)

static u64 seed = 0x9e3779b97f4a7c15ULL;

static u64 draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Words of a kind that makes short runs, long runs, or whole words likely. */
static u64 draw_word(unsigned int kind)
{
	switch (kind) {
	case 0:
		return draw();
	case 1:
		return draw() & draw() & draw();
	case 2:
		return draw() | draw() | draw();
	default:
		return draw() % 3 ? ~0ULL : draw() % 2 ? 0 : draw();
	}
}

static bool page_is_set(const u64 *words, u64 page)
{
	return words[page / 64] >> (page % 64) & 1;
}

static unsigned int model(const u64 *words, u64 first, struct freehint_range *out)
{
	unsigned int count = 0;
	u64 page, begin;

	for (page = 0; page < PAGES; page++) {
		if (!page_is_set(words, page))
			continue;
		begin = page;
		while (page < PAGES && page_is_set(words, page))
			page++;
		out[count].start = (first + begin) * 4096;
		out[count++].length = (page - begin) * 4096;
	}
	return count;
}

static void check_one_bitmap(unsigned int kind)
{
	struct freehint_range want[PAGES], got[PAGES];
	unsigned int wanted, count = 0, max;
	struct bits_to_ranges conv;
	u64 first = draw() % 1000 * 64;
	u64 words[WORDS], i, at, len;

	for (i = 0; i < WORDS; i++)
		words[i] = draw_word(kind);
	wanted = model(words, first, want);
	bits_to_ranges_reset(&conv);
	for (at = 0; at < WORDS; at += len) {
		len = 1 + draw() % (WORDS - at);
		bits_to_ranges_load(&conv, first + at * 64, words + at, len);
		while (bits_to_ranges_busy(&conv)) {
			max = 1 + (unsigned int)(draw() % 7);
			i = bits_to_ranges_take(&conv, got + count, max);
			assert_true(i <= max);
			count += (unsigned int)i;
		}
	}
	count += bits_to_ranges_flush(&conv, got + count);
	assert_int_equal(count, wanted);
	assert_memory_equal(got, want, count * sizeof(*got));
}

static void random_bitmaps_equal_the_model(void **state)
{
	unsigned int i;

	for (i = 0; i < 4000; i++)
		check_one_bitmap(i % 4);
}

static void run_goes_on_in_the_next_chunk(void **state)
{
	const u64 high = 1ULL << 63, low = 1;
	struct freehint_range range;
	struct bits_to_ranges conv;

	bits_to_ranges_reset(&conv);
	bits_to_ranges_load(&conv, 0, &high, 1);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 0);
	assert_false(bits_to_ranges_busy(&conv));
	bits_to_ranges_load(&conv, 64, &low, 1);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 1);
	assert_int_equal(range.start, 63 * 4096);
	assert_int_equal(range.length, 2 * 4096);
}

static void open_run_ends_where_the_next_chunk_begins_later(void **state)
{
	const u64 all = ~0ULL;
	struct freehint_range range;
	struct bits_to_ranges conv;

	bits_to_ranges_reset(&conv);
	bits_to_ranges_load(&conv, 0, &all, 1);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 0);
	bits_to_ranges_load(&conv, 128, &all, 1);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 1);
	assert_int_equal(range.start, 0);
	assert_int_equal(range.length, 64 * 4096);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 0);
	assert_int_equal(bits_to_ranges_flush(&conv, &range), 1);
	assert_int_equal(range.start, 128 * 4096);
	assert_int_equal(range.length, 64 * 4096);
}

static void cut_run_goes_on_as_a_new_one(void **state)
{
	const u64 all = ~0ULL;
	struct freehint_range range;
	struct bits_to_ranges conv;

	bits_to_ranges_reset(&conv);
	assert_int_equal(bits_to_ranges_flush(&conv, &range), 0);
	bits_to_ranges_load(&conv, 64, &all, 1);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 0);
	assert_int_equal(bits_to_ranges_flush(&conv, &range), 1);
	assert_int_equal(range.start, 64 * 4096);
	bits_to_ranges_load(&conv, 128, &all, 1);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 0);
	assert_int_equal(bits_to_ranges_flush(&conv, &range), 1);
	assert_int_equal(range.start, 128 * 4096);
	assert_int_equal(range.length, 64 * 4096);
}

/* The longest run is 2^32 pages; one chunk of set words is loaded again and again. */
static void no_range_is_longer_than_the_limit(void **state)
{
	const u64 count = 1 << 16, limit = FREEHINT_MAX_RANGE_BYTES / 4096;
	u64 *words = malloc(count * sizeof(*words));
	struct freehint_range range = { 0 };
	struct bits_to_ranges conv;
	unsigned int taken = 0;
	u64 pfn;

	assert_non_null(words);
	memset(words, 0xff, count * sizeof(*words));
	bits_to_ranges_reset(&conv);
	conv.run_start = 0;
	conv.run_pages = limit - count * 64 - 10;
	for (pfn = conv.run_pages; taken == 0; pfn += count * 64) {
		bits_to_ranges_load(&conv, pfn, words, count);
		taken += bits_to_ranges_take(&conv, &range, 1);
	}
	assert_int_equal(range.start, 0);
	assert_int_equal(range.length, FREEHINT_MAX_RANGE_BYTES);
	assert_int_equal(bits_to_ranges_take(&conv, &range, 1), 0);
	assert_int_equal(conv.run_start, limit);
	assert_int_equal(conv.run_pages, count * 64 - 10);
	free(words);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(random_bitmaps_equal_the_model),
		cmocka_unit_test(run_goes_on_in_the_next_chunk),
		cmocka_unit_test(open_run_ends_where_the_next_chunk_begins_later),
		cmocka_unit_test(cut_run_goes_on_as_a_new_one),
		cmocka_unit_test(no_range_is_longer_than_the_limit),
)
