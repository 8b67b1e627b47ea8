// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of a round against the real publisher on ordinary memory: the
 * watermark pipeline, rounds that change in the middle, and guests that lie.
 */
/* rig: tests/unit/hint_rig.h */
#include "include/freehint/limits.h"
#include "tests/unit/hint_rig.h"

#define MANY		20000

/* Ranges handed out so far. */
static struct freehint_range out[MANY];
static unsigned int count;

static struct hint_round hints;

static int setup(void **state)
{
	count = 0;
	make_rig();
	assert_int_equal(hint_round_init(&hints, &rig.stats), 0);
	return hint_round_attach(&hints, rig.shm, REGION);
}

static int teardown(void **state)
{
	hint_round_free(&hints);
	region_drop(&rig.region);
	return 0;
}

static void look_and_fill(void)
{
	hint_round_poll(&hints);
	count += hint_round_fill(&hints, out + count, MANY - count);
}

static void nothing_happens_without_a_request(void **state)
{
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 4);
	look_and_fill();
	assert_int_equal(hints.state, HINT_NONE);
	assert_int_equal(count, 0);
	assert_false(hint_round_complete(&hints));
}

static void ranges_come_before_the_seal(void **state)
{
	ask(5);
	look_and_fill();
	assert_int_equal(hints.state, HINT_AWAITED);
	freehint_open_round(&rig.guest, 5);
	put(0xf0, 1);
	look_and_fill();
	assert_int_equal(hints.state, HINT_FLOWING);
	assert_int_equal(count, 1);
	assert_int_equal(out[0].start, 4 * 4096);
	assert_int_equal(out[0].length, 4 * 4096);
	assert_false(hint_round_complete(&hints));
	put(1ULL << 63, 1);
	look_and_fill();
	assert_int_equal(count, 1);
	put(1, 1);
	seal(FREEHINT_SEAL_COMPLETE);
	look_and_fill();
	assert_int_equal(count, 2);
	assert_int_equal(out[1].start, 127 * 4096);
	assert_int_equal(out[1].length, 2 * 4096);
	assert_true(hint_round_complete(&hints));
	assert_int_equal(hint_round_flush(&hints, out + count), 0);
	hint_round_close(&hints);
	look_and_fill();
	assert_int_equal(hints.state, HINT_DONE);
	assert_int_equal(rig.stats.sealed, 1);
	assert_int_equal(hints.bits, 6);
}

static void declined_round_is_complete_and_empty(void **state)
{
	open_round(5);
	seal(FREEHINT_SEAL_DECLINED);
	look_and_fill();
	assert_true(hint_round_complete(&hints));
	assert_int_equal(count, 0);
	assert_int_equal(rig.stats.declined, 1);
}

static void aborted_round_gives_what_lies_below_the_watermark(void **state)
{
	open_round(5);
	put(~0ULL, 2);
	seal(FREEHINT_SEAL_ABORTED);
	look_and_fill();
	assert_true(hint_round_complete(&hints));
	assert_int_equal(hint_round_flush(&hints, out), 1);
	assert_int_equal(out[0].length, 128 * 4096);
	assert_int_equal(rig.stats.aborted, 1);
}

static void work_of_one_look_is_bounded(void **state)
{
	u64 words = rig.guest.capacity / 64, before, looks = 0;

	open_round(5);
	put(~0ULL, words);
	seal(FREEHINT_SEAL_COMPLETE);
	do {
		before = hints.copied;
		look_and_fill();
		looks++;
		assert_true(hints.copied > before);
	} while (hint_round_backlog(&hints));
	assert_true(looks > 1);
	assert_true(hint_round_complete(&hints));
	assert_int_equal(hint_round_flush(&hints, out), 1);
	assert_int_equal(out[0].length, rig.guest.capacity * 4096);
}

static void small_buffers_lose_nothing(void **state)
{
	unsigned int got, total = 0;

	open_round(5);
	put(0x5555555555555555ULL, 100);
	seal(FREEHINT_SEAL_COMPLETE);
	hint_round_poll(&hints);
	do {
		got = hint_round_fill(&hints, out + total, 7);
		total += got;
	} while (got == 7);
	assert_int_equal(total, 3200);
	assert_true(hint_round_complete(&hints));
	assert_int_equal(out[3199].start, (3199 * 2) * 4096);
}

static void new_round_drops_the_old_one(void **state)
{
	open_round(5);
	put(~0ULL, 2);
	look_and_fill();
	assert_int_equal(hints.ranges.run_pages, 128);
	ask(6);
	look_and_fill();
	assert_int_equal(hints.id, 6);
	assert_int_equal(hints.state, HINT_AWAITED);
	assert_int_equal(hint_round_flush(&hints, out), 0);
	assert_int_equal(rig.stats.superseded, 1);
	assert_int_equal(rig.stats.faulty, 0);
}

/* The guest sees the next request and opens it between our look and our copy. */
static void round_that_changes_before_the_copy_gives_nothing(void **state)
{
	open_round(5);
	put(~0ULL, 2);
	hint_round_poll(&hints);
	open_round(6);
	assert_int_equal(hint_round_fill(&hints, out, MANY), 0);
	assert_int_equal(hints.state, HINT_DONE);
	assert_int_equal(rig.stats.faulty, 0);
	put(1, 1);
	look_and_fill();
	assert_int_equal(hints.id, 6);
	assert_int_equal(count + hint_round_flush(&hints, out), 1);
}

static void withdrawn_request_ends_the_round(void **state)
{
	open_round(5);
	put(1, 1);
	look_and_fill();
	freehint_write_request(rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	look_and_fill();
	assert_int_equal(hints.state, HINT_NONE);
	assert_int_equal(hints.phase, FREEHINT_PHASE_READY);
	assert_false(hint_round_is_requested(&hints, 5));
}

static void expect_fault(void)
{
	count = 0;
	look_and_fill();
	assert_int_equal(hints.state, HINT_FAULTY);
	assert_int_equal(rig.stats.faulty, 1);
	assert_int_equal(count, 0);
	assert_true(hint_round_complete(&hints));
	assert_int_equal(hint_round_flush(&hints, out), 0);
}

static void watermark_beyond_the_bitmap_is_a_fault(void **state)
{
	open_round(5);
	rig.shm->guest_progress.watermark = rig.guest.capacity + 64;
	expect_fault();
}

static void odd_watermark_is_a_fault(void **state)
{
	open_round(5);
	rig.shm->guest_progress.watermark = 65;
	expect_fault();
}

static void watermark_that_goes_back_is_a_fault(void **state)
{
	open_round(5);
	put(~0ULL, 4);
	look_and_fill();
	rig.shm->guest_progress.watermark = 64;
	expect_fault();
}

static void guest_that_leaves_the_round_is_a_fault(void **state)
{
	open_round(5);
	put(~0ULL, 4);
	look_and_fill();
	freehint_withdraw(&rig.guest);
	expect_fault();
}

static void senseless_seal_is_a_fault(void **state)
{
	open_round(5);
	put(~0ULL, 4);
	seal(99);
	expect_fault();
}

static void seal_that_ends_elsewhere_is_a_fault(void **state)
{
	open_round(5);
	put(~0ULL, 4);
	seal(FREEHINT_SEAL_COMPLETE);
	rig.shm->guest_seal.end_pfn = 512;
	expect_fault();
	assert_int_equal(rig.stats.mismatched, 1);
}

static void seal_that_counts_otherwise_withholds_the_rest(void **state)
{
	open_round(5);
	put(0xff, 4);
	seal(FREEHINT_SEAL_COMPLETE);
	rig.shm->guest_seal.free_pages = 31;
	expect_fault();
	assert_int_equal(rig.stats.mismatched, 1);
}

static void round_id_above_the_limit_is_ignored(void **state)
{
	open_round(FREEHINT_ROUND_MAX + 1);
	put(~0ULL, 4);
	look_and_fill();
	assert_int_equal(hints.state, HINT_NONE);
	assert_int_equal(count, 0);
}

/* Header lines of random bytes, small numbers and plausible ones. */
static void random_headers_do_no_harm(void **state)
{
	static const u64 spice[] = { 0, 5, 6, 64, 128, 1 << 20, ~0ULL, 1ULL << 63 };
	u64 *words = (u64 *)&rig.shm->host_request;
	unsigned int i, n;

	srand(1);
	for (i = 0; i < 20000; i++) {
		for (n = 0; n < 4; n++)
			words[(unsigned int)rand() % (5 * 8)] =
				spice[(unsigned int)rand() % 8];
		count = 0;
		look_and_fill();
		if (hint_round_complete(&hints)) {
			count += hint_round_flush(&hints, out + count);
			hint_round_close(&hints);
		}
	}
}

RUN_TESTS(NULL, NULL,
		TEST(nothing_happens_without_a_request),
		TEST(ranges_come_before_the_seal),
		TEST(declined_round_is_complete_and_empty),
		TEST(aborted_round_gives_what_lies_below_the_watermark),
		TEST(work_of_one_look_is_bounded),
		TEST(small_buffers_lose_nothing),
		TEST(new_round_drops_the_old_one),
		TEST(round_that_changes_before_the_copy_gives_nothing),
		TEST(withdrawn_request_ends_the_round),
		TEST(watermark_beyond_the_bitmap_is_a_fault),
		TEST(odd_watermark_is_a_fault),
		TEST(watermark_that_goes_back_is_a_fault),
		TEST(guest_that_leaves_the_round_is_a_fault),
		TEST(senseless_seal_is_a_fault),
		TEST(seal_that_ends_elsewhere_is_a_fault),
		TEST(seal_that_counts_otherwise_withholds_the_rest),
		TEST(round_id_above_the_limit_is_ignored),
		TEST(random_headers_do_no_harm),
)
