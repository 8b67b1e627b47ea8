// SPDX-License-Identifier: GPL-2.0
/*
 * The host's reading side against a guest that publishes well, lies about every
 * number, or goes on to another round in the middle of a copy.
 */
/* links: proto/host_snapshot.c proto/host_request.c proto/guest_publish.c */
/* links: proto/host_offer.c */
#include <signal.h>

#include "region.h"
#include "tests/unit/unit.h"

#define SIZE		16384ULL
#define CAPACITY	((SIZE - FREEHINT_HEADER_SIZE) * 8)
#define ROUND		41ULL

static struct region region;
static struct freehint_publisher pub;
static struct freehint_reader reader;

static int setup(void **state)
{
	const struct freehint_guest_facts facts = { .contract = FREEHINT_CONTRACT_DEAD };

	region = region_make(SIZE);
	if (freehint_publisher_attach(&pub, region.base, SIZE) ||
	    freehint_reader_attach(&reader, region.base, SIZE))
		return -1;
	freehint_publish_hello(&pub, REGION_INSTANCE, &facts);
	return 0;
}

static int teardown(void **state)
{
	region_drop(&region);
	return 0;
}

static void capacity_follows_from_the_size_alone(void **state)
{
	assert_int_equal(freehint_region_capacity(0), 0);
	assert_int_equal(freehint_region_capacity(FREEHINT_HEADER_SIZE), 0);
	assert_int_equal(freehint_region_capacity(FREEHINT_MIN_REGION - 1), 0);
	assert_int_equal(freehint_region_capacity(FREEHINT_MIN_REGION), 32768);
	assert_int_equal(freehint_region_capacity(FREEHINT_MIN_REGION + 7), 32768);
	assert_int_equal(freehint_region_capacity(FREEHINT_MIN_REGION + 8), 32768 + 64);
	assert_int_equal(freehint_region_capacity(REGION_BIGGEST - 1), FREEHINT_MAX_PAGES - 64);
	assert_int_equal(freehint_region_capacity(REGION_BIGGEST), FREEHINT_MAX_PAGES);
	assert_int_equal(freehint_region_capacity(REGION_BIGGEST + 1), FREEHINT_MAX_PAGES);
	assert_int_equal(freehint_region_capacity(~0ULL), FREEHINT_MAX_PAGES);
}

static void attach_refuses_a_region_without_room(void **state)
{
	struct freehint_reader fresh;

	assert_int_equal(freehint_reader_attach(&fresh, region.base, 4096), -EINVAL);
}

static void host_hello_is_checked_against_the_mapping(void **state)
{
	struct freehint_host_hello *line = &region.shm->host_hello, hello;

	assert_int_equal(freehint_read_host_hello(&reader, &hello), 0);
	line->capacity -= 64;
	assert_int_equal(freehint_read_host_hello(&reader, &hello), -EINVAL);
	line->capacity += 64;
	line->bitmap_offset = 8192;
	assert_int_equal(freehint_read_host_hello(&reader, &hello), -EINVAL);
	line->header_size = 8192;
	assert_int_equal(freehint_read_host_hello(&reader, &hello), -EINVAL);
	line->version_min = FREEHINT_VERSION + 1;
	line->version = FREEHINT_VERSION + 1;
	assert_int_equal(freehint_read_host_hello(&reader, &hello), -EPROTO);
	line->version_min = 0;
	line->version = 0;
	assert_int_equal(freehint_read_host_hello(&reader, &hello), -EPROTO);
	line->magic = 0;
	assert_int_equal(freehint_read_host_hello(&reader, &hello), -ENODEV);
}

static void guest_hello_counts_for_its_instance_only(void **state)
{
	struct freehint_guest_hello hello;

	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), 0);
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE + 1, &hello),
			 -ENOENT);
	freehint_withdraw(&pub);
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -ENOENT);
	assert_int_equal(freehint_read_guest_hello(&reader, 0, &hello), -ENOENT);
}

static void guest_hello_with_nonsense_is_refused(void **state)
{
	struct freehint_guest_hello *line = &region.shm->guest_hello, good = *line, hello;

	line->version = 0;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EPROTO);
	line->version = FREEHINT_VERSION + 1;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EPROTO);
	*line = good;
	line->page_shift = 16;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EINVAL);
	*line = good;
	line->contract = FREEHINT_CONTRACT_NONE;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EINVAL);
	line->contract = FREEHINT_CONTRACT_REFUSED + 1;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EINVAL);
	*line = good;
	line->refusal = FREEHINT_REFUSAL_PREZERO + 1;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EINVAL);
	*line = good;
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), 0);
}

static void words_are_read_in_step_with_the_watermark(void **state)
{
	const u64 first = 0x5555, second = ~0ULL;
	u64 mark, words[2];

	assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), -EAGAIN);
	freehint_open_round(&pub, ROUND);
	assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), 0);
	assert_int_equal(mark, 0);
	freehint_put_words(&pub, &first, 1);
	freehint_advance(&pub);
	freehint_put_words(&pub, &second, 1);
	assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), 0);
	assert_int_equal(mark, 64);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 0, 64, words), 0);
	assert_int_equal(words[0], first);
	freehint_advance(&pub);
	assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), 0);
	assert_int_equal(mark, 128);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 64, 128, words + 1), 0);
	assert_true(words[1] == second);
}

static void progress_of_another_round_is_not_ours(void **state)
{
	u64 mark;

	freehint_open_round(&pub, ROUND);
	assert_int_equal(freehint_read_progress(&reader, ROUND - 1, &mark), -EAGAIN);
	assert_int_equal(freehint_read_progress(&reader, ROUND + 1, &mark), -EAGAIN);
	assert_int_equal(freehint_read_progress(&reader, FREEHINT_NO_ROUND, &mark), -EAGAIN);
	freehint_withdraw(&pub);
	assert_int_equal(freehint_read_progress(&reader, FREEHINT_NO_ROUND, &mark), -EAGAIN);
}

static void watermark_out_of_bounds_is_refused(void **state)
{
	static const u64 bad[] = {
		1, 63, 65, CAPACITY - 1, CAPACITY + 1, CAPACITY + 64, 1ULL << 63, ~0ULL,
	};
	unsigned int i;
	u64 mark;

	freehint_open_round(&pub, ROUND);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		region.shm->guest_progress.watermark = bad[i];
		assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), -ERANGE);
	}
	region.shm->guest_progress.watermark = CAPACITY;
	assert_int_equal(freehint_read_progress(&reader, ROUND, &mark), 0);
	assert_int_equal(mark, CAPACITY);
}

static void copy_refuses_bounds_outside_the_bitmap(void **state)
{
	u64 words[2];

	freehint_open_round(&pub, ROUND);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 64, 0, words), -EINVAL);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 1, 64, words), -EINVAL);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 0, 65, words), -EINVAL);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, CAPACITY, CAPACITY + 64, words),
			 -EINVAL);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 0, ~63ULL, words), -EINVAL);
	assert_int_equal(freehint_copy_bitmap(&reader, FREEHINT_NO_ROUND, 0, 64, words),
			 -EINVAL);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, CAPACITY, CAPACITY, words), 0);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, CAPACITY - 64, CAPACITY, words),
			 0);
}

static void copy_is_void_when_the_round_is_another(void **state)
{
	u64 word;

	freehint_open_round(&pub, ROUND);
	freehint_put_used(&pub, 64);
	freehint_advance(&pub);
	freehint_open_round(&pub, ROUND + 1);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 0, 64, &word), -EAGAIN);
	freehint_withdraw(&pub);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 0, 64, &word), -EAGAIN);
}

/*
 * The reader's first touch of the bitmap's second page runs this in the middle
 * of the copy: the guest goes on to the next round and overwrites all of it.
 */
static void next_round(int sig)
{
	static const u64 words[1024] = { [0 ... 1023] = ~0ULL };

	if (mprotect((u8 *)region.base + 8192, 4096, PROT_READ | PROT_WRITE))
		__builtin_trap();
	freehint_open_round(&pub, ROUND + 1);
	freehint_put_words(&pub, words, 1024);
	freehint_advance(&pub);
}

static void copy_is_void_when_the_round_changes_in_the_middle(void **state)
{
	struct sigaction act = { .sa_handler = next_round }, old;
	u64 words[1024];

	freehint_open_round(&pub, ROUND);
	freehint_put_used(&pub, 1024 * 64);
	freehint_advance(&pub);
	assert_int_equal(sigaction(SIGSEGV, &act, &old), 0);
	assert_int_equal(mprotect((u8 *)region.base + 8192, 4096, PROT_NONE), 0);
	assert_int_equal(freehint_copy_bitmap(&reader, ROUND, 0, 1024 * 64, words), -EAGAIN);
	assert_int_equal(sigaction(SIGSEGV, &old, NULL), 0);
	/* The copy did mix two rounds: refusing it was not for nothing. */
	assert_int_equal(words[0], 0);
	assert_true(words[1023] == ~0ULL);
}

static void seal_is_read_when_the_round_is_sealed(void **state)
{
	const struct freehint_seal_facts end = {
		.status = FREEHINT_SEAL_COMPLETE, .hold_us = 3, .scan_us = 4, .blocks = 5,
	};
	struct freehint_guest_seal seal;
	const u64 word = 7;

	freehint_open_round(&pub, ROUND);
	freehint_put_words(&pub, &word, 1);
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EAGAIN);
	assert_int_equal(freehint_read_seal(&reader, FREEHINT_NO_ROUND, &seal), -EAGAIN);
	freehint_seal_round(&pub, &end);
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), 0);
	assert_int_equal(seal.round, ROUND);
	assert_int_equal(seal.free_pages, 3);
	assert_int_equal(seal.end_pfn, 64);
	assert_int_equal(seal.hold_us, 3);
	assert_int_equal(seal.scan_us, 4);
	assert_int_equal(seal.blocks, 5);
	assert_int_equal(freehint_read_seal(&reader, ROUND + 1, &seal), -EAGAIN);
}

static void seal_with_nonsense_is_refused(void **state)
{
	struct freehint_guest_seal *line = &region.shm->guest_seal, seal;
	const struct freehint_guest_seal good = {
		.round = ROUND, .status = FREEHINT_SEAL_ABORTED, .free_pages = 64, .end_pfn = 64,
	};

	*line = good;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), 0);
	line->status = FREEHINT_SEAL_NONE;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EINVAL);
	line->status = FREEHINT_SEAL_ABORTED + 1;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EINVAL);
	*line = good;
	line->end_pfn = 63;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EINVAL);
	line->end_pfn = CAPACITY + 64;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EINVAL);
	*line = good;
	line->free_pages = 65;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EINVAL);
	line->free_pages = ~0ULL;
	assert_int_equal(freehint_read_seal(&reader, ROUND, &seal), -EINVAL);
}

static void beats_are_the_guests(void **state)
{
	freehint_beat(&pub, 1234, 1000);
	assert_int_equal(freehint_read_beats(&reader), 1234);
}

static void the_guest_says_how_often_it_looks(void **state)
{
	struct freehint_guest_hello hello = { .version = FREEHINT_VERSION_POLL };

	freehint_beat(&pub, 1, 100000);
	assert_int_equal(freehint_read_poll_us(&reader, &hello), 100000);
}

/* In version 1 these bytes are reserved: neither side looks at them or writes them. */
static void a_side_of_version_1_knows_no_period(void **state)
{
	struct freehint_guest_hello hello = { .version = 1 };

	freehint_beat(&pub, 1, 100000);
	assert_int_equal(freehint_read_poll_us(&reader, &hello), 0);
	pub.version = 1;
	freehint_beat(&pub, 2, 1000);
	hello.version = FREEHINT_VERSION_POLL;
	assert_int_equal(freehint_read_poll_us(&reader, &hello), 100000);
}

/* 2^34 pages are 64 TiB of guest memory: past the 2 TiB of 32-bit word counts. */
static void the_last_page_of_the_largest_guest_can_be_told(void **state)
{
	struct region big = region_make(REGION_BIGGEST);
	const u64 words[2] = { 1ULL << 63, ~0ULL };
	const struct freehint_seal_facts end = { .status = FREEHINT_SEAL_COMPLETE };
	struct freehint_publisher writer;
	struct freehint_guest_seal seal;
	struct freehint_reader view;
	u64 mark, word;

	assert_int_equal(freehint_publisher_attach(&writer, big.base, big.size), 0);
	assert_int_equal(freehint_reader_attach(&view, big.base, big.size), 0);
	assert_true(writer.capacity == 1ULL << 34);
	freehint_open_round(&writer, ROUND);
	/* Stand at the last word without writing the 2 GiB before it. */
	writer.mark = writer.capacity - 64;
	freehint_put_words(&writer, words, 2);
	freehint_seal_round(&writer, &end);
	assert_int_equal(freehint_read_progress(&view, ROUND, &mark), 0);
	assert_true(mark == 1ULL << 34);
	assert_int_equal(freehint_copy_bitmap(&view, ROUND, mark - 64, mark, &word), 0);
	assert_true(word == 1ULL << 63);
	assert_int_equal(freehint_read_seal(&view, ROUND, &seal), 0);
	assert_true(seal.end_pfn == 1ULL << 34 && seal.free_pages == 1);
	region_drop(&big);
}

RUN_TESTS(NULL, NULL,
		TEST(capacity_follows_from_the_size_alone),
		TEST(attach_refuses_a_region_without_room),
		TEST(host_hello_is_checked_against_the_mapping),
		TEST(guest_hello_counts_for_its_instance_only),
		TEST(guest_hello_with_nonsense_is_refused),
		TEST(words_are_read_in_step_with_the_watermark),
		TEST(progress_of_another_round_is_not_ours),
		TEST(watermark_out_of_bounds_is_refused),
		TEST(copy_refuses_bounds_outside_the_bitmap),
		TEST(copy_is_void_when_the_round_is_another),
		TEST(copy_is_void_when_the_round_changes_in_the_middle),
		TEST(seal_is_read_when_the_round_is_sealed),
		TEST(seal_with_nonsense_is_refused),
		TEST(beats_are_the_guests),
		TEST(the_guest_says_how_often_it_looks),
		TEST(a_side_of_version_1_knows_no_period),
		TEST(the_last_page_of_the_largest_guest_can_be_told),
)
