// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of a round against the real publisher on ordinary memory: the
 * watermark pipeline, rounds that change in the middle, and guests that lie.
 */
/* links: host-agent/agent/hint_round.c host-agent/common/bits_to_ranges.c */
/* links: host-agent/common/log.c */
/* links: proto/host_snapshot.c proto/host_request.c proto/guest_publish.c */
/* libs: jansson */
#include "host-agent/agent/hint_round.h"
#include "host-agent/common/log.h"
#include "include/freehint/limits.h"
#include "proto/guest_publish.h"
#include "proto/host_request.h"
#include "tests/unit/unit.h"

#define REGION		(1 << 21)
#define INSTANCE	77
#define MANY		20000

/**
 * struct rig - a region with both sides at work
 * @shm:   the region
 * @guest: publisher
 * @round: what is tested
 * @stats: its counts
 * @out:   ranges handed out so far, @count of them
 */
struct rig {
	struct freehint_shm *shm;
	struct freehint_publisher guest;
	struct hint_round round;
	struct agent_stats stats;
	struct freehint_range out[MANY];
	unsigned int count;
};

static struct rig rig;

static int setup(void **state)
{
	log_init(LOG_LEVEL_ERROR);
	memset(&rig, 0, sizeof(rig));
	rig.shm = aligned_alloc(4096, REGION);
	assert_non_null(rig.shm);
	memset(rig.shm, 0, REGION);
	assert_int_equal(freehint_write_host_hello(rig.shm, REGION, INSTANCE), 0);
	assert_int_equal(freehint_publisher_attach(&rig.guest, rig.shm, REGION), 0);
	assert_int_equal(hint_round_init(&rig.round, &rig.stats), 0);
	assert_int_equal(hint_round_attach(&rig.round, rig.shm, REGION), 0);
	return 0;
}

static int teardown(void **state)
{
	hint_round_free(&rig.round);
	free(rig.shm);
	return 0;
}

static void ask(u64 id)
{
	freehint_write_request(rig.shm, id, FREEHINT_PHASE_ROUND, 1);
}

static void put(u64 word, u64 count)
{
	while (count--)
		freehint_put_words(&rig.guest, &word, 1);
	freehint_advance(&rig.guest);
}

static void seal(u32 status)
{
	const struct freehint_seal_facts facts = { .status = status };

	freehint_seal_round(&rig.guest, &facts);
}

static void look_and_fill(void)
{
	hint_round_poll(&rig.round);
	rig.count += hint_round_fill(&rig.round, rig.out + rig.count, MANY - rig.count);
}

static void nothing_happens_without_a_request(void **state)
{
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 4);
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_NONE);
	assert_int_equal(rig.count, 0);
	assert_false(hint_round_complete(&rig.round));
}

static void ranges_come_before_the_seal(void **state)
{
	ask(5);
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_AWAITED);
	assert_int_equal(rig.round.pass, 1);
	freehint_open_round(&rig.guest, 5);
	put(0xf0, 1);
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_FLOWING);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.out[0].start, 4 * 4096);
	assert_int_equal(rig.out[0].length, 4 * 4096);
	assert_false(hint_round_complete(&rig.round));
	put(1ULL << 63, 1);
	look_and_fill();
	assert_int_equal(rig.count, 1);
	put(1, 1);
	seal(FREEHINT_SEAL_COMPLETE);
	look_and_fill();
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.out[1].start, 127 * 4096);
	assert_int_equal(rig.out[1].length, 2 * 4096);
	assert_true(hint_round_complete(&rig.round));
	assert_int_equal(hint_round_flush(&rig.round, rig.out + rig.count), 0);
	hint_round_close(&rig.round);
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_DONE);
	assert_int_equal(rig.stats.sealed, 1);
	assert_int_equal(rig.stats.pages_seen, 6);
}

static void declined_round_is_complete_and_empty(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	seal(FREEHINT_SEAL_DECLINED);
	look_and_fill();
	assert_true(hint_round_complete(&rig.round));
	assert_int_equal(rig.count, 0);
	assert_int_equal(rig.stats.declined, 1);
}

static void aborted_round_gives_what_lies_below_the_watermark(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 2);
	seal(FREEHINT_SEAL_ABORTED);
	look_and_fill();
	assert_true(hint_round_complete(&rig.round));
	assert_int_equal(hint_round_flush(&rig.round, rig.out), 1);
	assert_int_equal(rig.out[0].length, 128 * 4096);
	assert_int_equal(rig.stats.aborted, 1);
}

static void work_of_one_look_is_bounded(void **state)
{
	u64 words = rig.guest.capacity / 64, before, looks = 0;

	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, words);
	seal(FREEHINT_SEAL_COMPLETE);
	do {
		before = rig.round.copied;
		look_and_fill();
		looks++;
		assert_true(rig.round.copied > before);
	} while (hint_round_backlog(&rig.round));
	assert_true(looks > 1);
	assert_true(hint_round_complete(&rig.round));
	assert_int_equal(hint_round_flush(&rig.round, rig.out), 1);
	assert_int_equal(rig.out[0].length, rig.guest.capacity * 4096);
}

static void small_buffers_lose_nothing(void **state)
{
	unsigned int got, total = 0;

	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(0x5555555555555555ULL, 100);
	seal(FREEHINT_SEAL_COMPLETE);
	hint_round_poll(&rig.round);
	do {
		got = hint_round_fill(&rig.round, rig.out + total, 7);
		total += got;
	} while (got == 7);
	assert_int_equal(total, 3200);
	assert_true(hint_round_complete(&rig.round));
	assert_int_equal(rig.out[3199].start, (3199 * 2) * 4096);
}

static void new_round_drops_the_old_one(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 2);
	look_and_fill();
	assert_int_equal(rig.round.ranges.run_pages, 128);
	ask(6);
	look_and_fill();
	assert_int_equal(rig.round.id, 6);
	assert_int_equal(rig.round.state, HINT_AWAITED);
	assert_int_equal(hint_round_flush(&rig.round, rig.out), 0);
	assert_int_equal(rig.stats.superseded, 1);
	assert_int_equal(rig.stats.faulty, 0);
}

/* The guest sees the next request and opens it between our look and our copy. */
static void round_that_changes_before_the_copy_gives_nothing(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 2);
	hint_round_poll(&rig.round);
	ask(6);
	freehint_open_round(&rig.guest, 6);
	assert_int_equal(hint_round_fill(&rig.round, rig.out, MANY), 0);
	assert_int_equal(rig.round.state, HINT_DONE);
	assert_int_equal(rig.stats.faulty, 0);
	put(1, 1);
	look_and_fill();
	assert_int_equal(rig.round.id, 6);
	assert_int_equal(rig.count + hint_round_flush(&rig.round, rig.out), 1);
}

static void withdrawn_request_ends_the_round(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(1, 1);
	look_and_fill();
	freehint_write_request(rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_NONE);
	assert_int_equal(rig.round.phase, FREEHINT_PHASE_READY);
	assert_false(hint_round_is_requested(&rig.round, 5));
}

static void expect_fault(void)
{
	rig.count = 0;
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_FAULTY);
	assert_int_equal(rig.stats.faulty, 1);
	assert_int_equal(rig.count, 0);
	assert_true(hint_round_complete(&rig.round));
	assert_int_equal(hint_round_flush(&rig.round, rig.out), 0);
}

static void watermark_beyond_the_bitmap_is_a_fault(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	rig.shm->guest_progress.watermark = rig.guest.capacity + 64;
	expect_fault();
}

static void odd_watermark_is_a_fault(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	rig.shm->guest_progress.watermark = 65;
	expect_fault();
}

static void watermark_that_goes_back_is_a_fault(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 4);
	look_and_fill();
	rig.shm->guest_progress.watermark = 64;
	expect_fault();
}

static void guest_that_leaves_the_round_is_a_fault(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 4);
	look_and_fill();
	freehint_withdraw(&rig.guest);
	expect_fault();
}

static void senseless_seal_is_a_fault(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 4);
	seal(99);
	expect_fault();
}

static void seal_that_ends_elsewhere_is_a_fault(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(~0ULL, 4);
	seal(FREEHINT_SEAL_COMPLETE);
	rig.shm->guest_seal.end_pfn = 512;
	expect_fault();
	assert_int_equal(rig.stats.mismatched, 1);
}

static void seal_that_counts_otherwise_withholds_the_rest(void **state)
{
	ask(5);
	freehint_open_round(&rig.guest, 5);
	put(0xff, 4);
	seal(FREEHINT_SEAL_COMPLETE);
	rig.shm->guest_seal.free_pages = 31;
	expect_fault();
	assert_int_equal(rig.stats.mismatched, 1);
}

static void round_id_above_the_limit_is_ignored(void **state)
{
	ask(FREEHINT_ROUND_MAX + 1);
	freehint_open_round(&rig.guest, FREEHINT_ROUND_MAX + 1);
	put(~0ULL, 4);
	look_and_fill();
	assert_int_equal(rig.round.state, HINT_NONE);
	assert_int_equal(rig.count, 0);
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
		rig.count = 0;
		look_and_fill();
		if (hint_round_complete(&rig.round)) {
			rig.count += hint_round_flush(&rig.round, rig.out + rig.count);
			hint_round_close(&rig.round);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
