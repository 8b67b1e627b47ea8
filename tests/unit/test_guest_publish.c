// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of the region: which hosts it accepts, and what stands in the
 * region after each of its steps.
 */
/* links: proto/guest_publish.c proto/host_snapshot.c proto/host_request.c */
/* links: proto/host_offer.c */
#include "region.h"
#include "tests/unit/unit.h"

#define SIZE		16384ULL
#define CAPACITY	((SIZE - FREEHINT_HEADER_SIZE) * 8)

static const struct freehint_guest_facts facts = {
	.contract = FREEHINT_CONTRACT_DEAD,
	.max_order = 10,
	.end_pfn = 0x12345,
	.incarnation = 0xabcdef,
};

static struct region region;
static struct freehint_publisher pub;

static int setup(void **state)
{
	region = region_make(SIZE);
	return freehint_publisher_attach(&pub, region.base, SIZE);
}

static int teardown(void **state)
{
	region_drop(&region);
	return 0;
}

static int attach(void)
{
	struct freehint_publisher fresh;

	return freehint_publisher_attach(&fresh, region.base, SIZE);
}

static void attach_takes_the_hosts_numbers(void **state)
{
	assert_int_equal(pub.capacity, CAPACITY);
	assert_int_equal(pub.version, FREEHINT_VERSION);
	assert_int_equal(pub.round, FREEHINT_NO_ROUND);
	assert_ptr_equal(pub.bitmap, (u8 *)region.base + FREEHINT_HEADER_SIZE);
}

static void attach_refuses_a_region_without_our_magic(void **state)
{
	region.shm->host_hello.magic = 0;
	assert_int_equal(attach(), -ENODEV);
	region.shm->host_hello.magic = FREEHINT_MAGIC + 1;
	assert_int_equal(attach(), -ENODEV);
	region.shm->host_hello.magic = __builtin_bswap64(FREEHINT_MAGIC);
	assert_int_equal(attach(), -ENODEV);
}

static void attach_refuses_a_mapping_below_the_smallest(void **state)
{
	struct freehint_publisher fresh;

	assert_int_equal(freehint_publisher_attach(&fresh, region.base, 0), -ENODEV);
	assert_int_equal(freehint_publisher_attach(&fresh, region.base,
						   FREEHINT_MIN_REGION - 1), -ENODEV);
}

static void attach_refuses_versions_outside_the_window(void **state)
{
	struct freehint_host_hello *hello = &region.shm->host_hello;

	hello->version = FREEHINT_VERSION_MIN - 1;
	assert_int_equal(attach(), -EPROTO);
	hello->version = FREEHINT_VERSION + 9;
	hello->version_min = FREEHINT_VERSION + 1;
	assert_int_equal(attach(), -EPROTO);
	hello->version_min = 0xffff;
	hello->version = 0xffff;
	assert_int_equal(attach(), -EPROTO);
}

static void attach_picks_the_highest_common_version(void **state)
{
	region.shm->host_hello.version = FREEHINT_VERSION + 9;
	region.shm->host_hello.version_min = FREEHINT_VERSION;
	assert_int_equal(freehint_publisher_attach(&pub, region.base, SIZE), 0);
	assert_int_equal(pub.version, FREEHINT_VERSION);
	region.shm->host_hello.version = FREEHINT_VERSION_MIN;
	region.shm->host_hello.version_min = 0;
	assert_int_equal(freehint_publisher_attach(&pub, region.base, SIZE), 0);
	assert_int_equal(pub.version, FREEHINT_VERSION_MIN);
}

static void attach_refuses_another_header_size(void **state)
{
	region.shm->host_hello.header_size = FREEHINT_HEADER_SIZE - 1;
	assert_int_equal(attach(), -EINVAL);
	region.shm->host_hello.header_size = 2 * FREEHINT_HEADER_SIZE;
	assert_int_equal(attach(), -EINVAL);
}

static void attach_refuses_a_bitmap_elsewhere(void **state)
{
	region.shm->host_hello.bitmap_offset = FREEHINT_HEADER_SIZE + 8;
	assert_int_equal(attach(), -EINVAL);
	region.shm->host_hello.bitmap_offset = FREEHINT_HEADER_SIZE + (1ULL << 32);
	assert_int_equal(attach(), -EINVAL);
	region.shm->host_hello.bitmap_offset = 0;
	assert_int_equal(attach(), -EINVAL);
}

static void attach_refuses_a_region_larger_than_the_mapping(void **state)
{
	region.shm->host_hello.region_size = SIZE + 1;
	assert_int_equal(attach(), -EINVAL);
	region.shm->host_hello.region_size = ~0ULL;
	assert_int_equal(attach(), -EINVAL);
	region.shm->host_hello.region_size = FREEHINT_MIN_REGION - 1;
	assert_int_equal(attach(), -EINVAL);
}

static void attach_accepts_a_region_smaller_than_the_mapping(void **state)
{
	region.shm->host_hello.region_size = FREEHINT_MIN_REGION;
	region.shm->host_hello.capacity = 4096 * 8;
	assert_int_equal(attach(), 0);
	region.shm->host_hello.capacity += 64;
	assert_int_equal(attach(), -EINVAL);
}

static void attach_refuses_a_capacity_that_does_not_fit(void **state)
{
	struct freehint_host_hello *hello = &region.shm->host_hello;
	static const u64 bad[] = {
		0, 1, 63, CAPACITY - 1, CAPACITY + 1, CAPACITY + 64,
		FREEHINT_MAX_PAGES, FREEHINT_MAX_PAGES + 64, 1ULL << 63, ~0ULL,
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hello->capacity = bad[i];
		assert_int_equal(attach(), -EINVAL);
	}
	hello->capacity = 64;
	assert_int_equal(attach(), 0);
	hello->capacity = CAPACITY;
	assert_int_equal(attach(), 0);
}

static void attach_refuses_more_pages_than_the_limit(void **state)
{
	struct region big = region_map(REGION_BIGGEST + 4096);
	struct freehint_publisher fresh;

	assert_int_equal(freehint_write_host_hello(big.shm, big.size, 1), 0);
	assert_int_equal(freehint_publisher_attach(&fresh, big.base, big.size), 0);
	assert_int_equal(fresh.capacity, FREEHINT_MAX_PAGES);
	big.shm->host_hello.capacity = FREEHINT_MAX_PAGES + 64;
	assert_int_equal(freehint_publisher_attach(&fresh, big.base, big.size), -EINVAL);
	region_drop(&big);
}

static void hello_echoes_the_instance_and_withdraw_takes_it_back(void **state)
{
	const struct freehint_guest_hello *hello = &region.shm->guest_hello;

	freehint_publish_hello(&pub, REGION_INSTANCE, &facts);
	assert_int_equal(hello->instance, REGION_INSTANCE);
	assert_int_equal(hello->version, FREEHINT_VERSION);
	assert_int_equal(hello->page_shift, 12);
	assert_int_equal(hello->contract, FREEHINT_CONTRACT_DEAD);
	assert_int_equal(hello->max_order, 10);
	assert_int_equal(hello->end_pfn, 0x12345);
	assert_int_equal(hello->incarnation, 0xabcdef);
	freehint_withdraw(&pub);
	assert_int_equal(hello->instance, 0);
}

static void hello_takes_back_what_an_earlier_guest_published(void **state)
{
	region.shm->guest_progress.round = 9;
	region.shm->guest_progress.watermark = 128;
	region.shm->guest_seal.round = 9;
	freehint_publish_hello(&pub, REGION_INSTANCE, &facts);
	assert_int_equal(region.shm->guest_progress.round, FREEHINT_NO_ROUND);
	assert_int_equal(region.shm->guest_progress.watermark, 0);
	assert_int_equal(region.shm->guest_seal.round, FREEHINT_NO_ROUND);
}

static void words_show_only_after_advance(void **state)
{
	const struct freehint_guest_progress *progress = &region.shm->guest_progress;
	const u64 words[] = { 0xff, ~0ULL };

	freehint_open_round(&pub, 5);
	assert_int_equal(progress->round, 5);
	assert_int_equal(progress->watermark, 0);
	freehint_put_words(&pub, words, 2);
	assert_int_equal(progress->watermark, 0);
	freehint_advance(&pub);
	assert_int_equal(progress->watermark, 128);
	assert_true(*region_word(&region, 0) == 0xff && *region_word(&region, 1) == ~0ULL);
	assert_int_equal(pub.free, 72);
}

static void a_new_round_starts_at_page_zero(void **state)
{
	const u64 word = 1;

	freehint_open_round(&pub, 5);
	freehint_put_words(&pub, &word, 1);
	freehint_advance(&pub);
	freehint_open_round(&pub, 6);
	assert_int_equal(region.shm->guest_progress.watermark, 0);
	assert_int_equal(region.shm->guest_progress.round, 6);
	assert_int_equal(pub.mark, 0);
	assert_int_equal(pub.free, 0);
}

static void put_words_drops_what_lies_beyond_the_capacity(void **state)
{
	u64 words[4] = { 1, 3, 7, 15 };

	region.shm->host_hello.capacity = CAPACITY - 64;
	assert_int_equal(freehint_publisher_attach(&pub, region.base, SIZE), 0);
	freehint_open_round(&pub, 5);
	freehint_put_used(&pub, pub.capacity - 128);
	freehint_put_words(&pub, words, 4);
	assert_int_equal(pub.mark, pub.capacity);
	assert_int_equal(pub.free, 3);
	assert_int_equal(*region_word(&region, CAPACITY / 64 - 1), 0);
	freehint_put_words(&pub, words, 4);
	assert_int_equal(pub.mark, pub.capacity);
	assert_int_equal(pub.free, 3);
	freehint_put_words(&pub, words, ~0ULL);
	assert_int_equal(pub.mark, pub.capacity);
}

static void put_used_clears_what_an_earlier_round_left(void **state)
{
	u64 words[4] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };

	freehint_open_round(&pub, 5);
	freehint_put_words(&pub, words, 4);
	freehint_open_round(&pub, 6);
	freehint_put_used(&pub, 128 + 63);
	assert_int_equal(pub.mark, 128);
	assert_true(!*region_word(&region, 0) && !*region_word(&region, 1));
	assert_true(*region_word(&region, 2) == ~0ULL);
	assert_int_equal(pub.free, 0);
}

static void put_used_never_goes_backwards(void **state)
{
	u64 words[2] = { ~0ULL, ~0ULL };

	freehint_open_round(&pub, 5);
	freehint_put_words(&pub, words, 2);
	freehint_put_used(&pub, 0);
	freehint_put_used(&pub, 64);
	freehint_put_used(&pub, 128);
	assert_int_equal(pub.mark, 128);
	assert_true(*region_word(&region, 1) == ~0ULL);
}

static void put_used_stops_at_the_capacity(void **state)
{
	freehint_open_round(&pub, 5);
	freehint_put_used(&pub, ~0ULL);
	assert_int_equal(pub.mark, CAPACITY);
}

static void seal_tells_counts_status_and_round(void **state)
{
	const struct freehint_seal_facts end = {
		.status = FREEHINT_SEAL_COMPLETE, .hold_us = 60, .scan_us = 2000, .blocks = 17,
	};
	const struct freehint_guest_seal *seal = &region.shm->guest_seal;
	const u64 word = 0xf0f0;

	freehint_open_round(&pub, 5);
	freehint_put_words(&pub, &word, 1);
	assert_int_equal(seal->round, FREEHINT_NO_ROUND);
	freehint_seal_round(&pub, &end);
	assert_int_equal(seal->round, 5);
	assert_int_equal(seal->status, FREEHINT_SEAL_COMPLETE);
	assert_int_equal(seal->free_pages, 8);
	assert_int_equal(seal->end_pfn, 64);
	assert_int_equal(seal->hold_us, 60);
	assert_int_equal(seal->scan_us, 2000);
	assert_int_equal(seal->blocks, 17);
	assert_int_equal(region.shm->guest_progress.watermark, 64);
	assert_int_equal(pub.round, FREEHINT_NO_ROUND);
}

static void request_is_read_whole(void **state)
{
	struct freehint_request req;

	freehint_write_request(region.shm, 77, FREEHINT_PHASE_ROUND, 2);
	assert_true(freehint_read_request(&pub, &req));
	assert_int_equal(req.instance, REGION_INSTANCE);
	assert_int_equal(req.round, 77);
	assert_int_equal(req.phase, FREEHINT_PHASE_ROUND);
	assert_int_equal(req.pass, 2);
	assert_true(freehint_round_is_current(&pub, 77));
	freehint_write_request(region.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	assert_false(freehint_round_is_current(&pub, 77));
}

RUN_TESTS(NULL, NULL,
		TEST(attach_takes_the_hosts_numbers),
		TEST(attach_refuses_a_region_without_our_magic),
		TEST(attach_refuses_a_mapping_below_the_smallest),
		TEST(attach_refuses_versions_outside_the_window),
		TEST(attach_picks_the_highest_common_version),
		TEST(attach_refuses_another_header_size),
		TEST(attach_refuses_a_bitmap_elsewhere),
		TEST(attach_refuses_a_region_larger_than_the_mapping),
		TEST(attach_accepts_a_region_smaller_than_the_mapping),
		TEST(attach_refuses_a_capacity_that_does_not_fit),
		TEST(attach_refuses_more_pages_than_the_limit),
		TEST(hello_echoes_the_instance_and_withdraw_takes_it_back),
		TEST(hello_takes_back_what_an_earlier_guest_published),
		TEST(words_show_only_after_advance),
		TEST(a_new_round_starts_at_page_zero),
		TEST(put_words_drops_what_lies_beyond_the_capacity),
		TEST(put_used_clears_what_an_earlier_round_left),
		TEST(put_used_never_goes_backwards),
		TEST(put_used_stops_at_the_capacity),
		TEST(seal_tells_counts_status_and_round),
		TEST(request_is_read_whole),
)
