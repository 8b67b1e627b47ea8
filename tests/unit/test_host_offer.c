// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of giving memory back: an offer of any content is refused or in range,
 * and only a current offer can be taken.
 */
/* rig: tests/unit/offer_rig.h */
#include "offer_rig.h"
#include "include/freehint/limits.h"

static int copy(struct freehint_offer *offer)
{
	return freehint_copy_offer(&reader, offer);
}

/* One block alone in an offer. */
static int copy_block(u64 block)
{
	struct freehint_offer offer;

	freehint_publish_offer(&pub, OFFER, SESSION, &block, 1);
	return copy(&offer);
}

static void no_offer_is_no_error(void **state)
{
	struct freehint_offer offer;

	assert_true(freehint_offer_sequence(&reader) == FREEHINT_NO_OFFER);
	assert_int_equal(copy(&offer), -EAGAIN);
}

static void a_count_out_of_range_is_malformed(void **state)
{
	static const u32 counts[] = { 0, FREEHINT_OFFER_BLOCKS + 1, 1U << 31, ~0U };
	struct freehint_offer offer;
	unsigned int i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		offer_one(OFFER);
		shm->offer.count = counts[i];
		assert_int_equal(copy(&offer), -EINVAL);
	}
}

static void a_sequence_out_of_range_is_malformed(void **state)
{
	struct freehint_offer offer;

	offer_one(FREEHINT_OFFER_MAX);
	assert_int_equal(copy(&offer), 0);
	offer_one(FREEHINT_OFFER_MAX + 1);
	assert_int_equal(copy(&offer), -EINVAL);
	offer_one(~0ULL);
	assert_int_equal(copy(&offer), -EINVAL);
}

static void a_block_has_an_order_and_is_aligned_to_it(void **state)
{
	unsigned int order;

	for (order = 0; order <= FREEHINT_BLOCK_MAX_ORDER; order++) {
		assert_int_equal(copy_block(freehint_block(0, order)), 0);
		assert_int_equal(copy_block(freehint_block(3ULL << order, order)), 0);
		if (order)
			assert_int_equal(copy_block(freehint_block(1ULL << (order - 1), order)),
					 -EINVAL);
	}
	assert_int_equal(copy_block(freehint_block(0, FREEHINT_BLOCK_MAX_ORDER + 1)), -EINVAL);
	assert_int_equal(copy_block(freehint_block(0, 64)), -EINVAL);
	assert_int_equal(copy_block(freehint_block(0, 255)), -EINVAL);
}

static void a_block_ends_below_the_largest_guest(void **state)
{
	u64 end = FREEHINT_MAX_PAGES;

	assert_int_equal(copy_block(freehint_block(end - 512, 9)), 0);
	assert_int_equal(copy_block(freehint_block(end, 9)), -EINVAL);
	assert_int_equal(copy_block(freehint_block(end - 1, 0)), 0);
	assert_int_equal(copy_block(freehint_block((1ULL << FREEHINT_BLOCK_PFN_BITS) - 512, 9)),
			 -EINVAL);
}

static void bits_between_pfn_and_order_are_zero(void **state)
{
	unsigned int bit;

	for (bit = FREEHINT_BLOCK_PFN_BITS; bit < FREEHINT_BLOCK_ORDER_SHIFT; bit++)
		assert_int_equal(copy_block(freehint_block(512, 9) | 1ULL << bit), -EINVAL);
}

static void one_bad_block_spoils_the_offer(void **state)
{
	u64 block[FREEHINT_OFFER_BLOCKS] = { 0 };
	struct freehint_offer offer;
	unsigned int i;

	for (i = 0; i < FREEHINT_OFFER_BLOCKS; i++) {
		block[i] = freehint_block(1, 1);
		freehint_publish_offer(&pub, OFFER + i, SESSION, block, FREEHINT_OFFER_BLOCKS);
		assert_int_equal(copy(&offer), -EINVAL);
		block[i] = freehint_block(2, 1);
	}
	freehint_publish_offer(&pub, OFFER + i, SESSION, block, FREEHINT_OFFER_BLOCKS);
	assert_int_equal(copy(&offer), 0);
}

static void only_the_published_offer_is_taken(void **state)
{
	offer_one(OFFER);
	assert_int_equal(freehint_take_offer(shm, OFFER - 1), -ESTALE);
	assert_int_equal(freehint_take_offer(shm, FREEHINT_NO_OFFER), -ESTALE);
	offer_one(OFFER + 1);
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
	assert_int_equal(freehint_take_offer(shm, OFFER + 1), 0);
}

static void nothing_is_no_offer(void **state)
{
	assert_int_equal(freehint_take_offer(shm, FREEHINT_NO_OFFER), -ESTALE);
}

/* After a reset or kexec the region has the last offer of the kernel before. */
static void an_offer_of_another_session_is_not_taken(void **state)
{
	offer_one(OFFER);
	freehint_write_give_back_request(shm, SESSION + 1, 9, 0);
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
	freehint_write_give_back_request(shm, FREEHINT_NO_SESSION, 0, 0);
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
	shm->offer.session = FREEHINT_NO_SESSION;
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
	assert_int_equal(freehint_offer_answer(&pub, OFFER), FREEHINT_ANSWER_DECLINED);
}

static void the_largest_sequence_fits_its_answer(void **state)
{
	offer_one(FREEHINT_OFFER_MAX);
	assert_int_equal(freehint_take_offer(shm, FREEHINT_OFFER_MAX), 0);
	freehint_answer_offer(shm, FREEHINT_OFFER_MAX, FREEHINT_ANSWER_DECLINED);
	assert_int_equal(freehint_offer_answer(&pub, FREEHINT_OFFER_MAX),
			 FREEHINT_ANSWER_DECLINED);
}

static void counters_of_another_session_are_not_read(void **state)
{
	const struct freehint_give_back_state was = { .session = SESSION, .pages = 3 };
	struct freehint_give_back_state seen;

	assert_int_equal(freehint_read_give_back_state(&reader, FREEHINT_NO_SESSION, &seen),
			 -EAGAIN);
	assert_int_equal(freehint_read_give_back_state(&reader, SESSION, &seen), -EAGAIN);
	freehint_publish_give_back(&pub, &was);
	assert_int_equal(freehint_read_give_back_state(&reader, SESSION, &seen), 0);
	assert_int_equal(freehint_read_give_back_state(&reader, SESSION + 1, &seen), -EAGAIN);
}

static void publish_hello(u32 give_back)
{
	const struct freehint_guest_facts facts = {
		.contract = FREEHINT_CONTRACT_DEAD,
		.give_back = give_back,
	};

	freehint_publish_hello(&pub, REGION_INSTANCE, &facts);
}

static void the_hello_says_whether_the_guest_can(void **state)
{
	struct freehint_guest_hello hello;

	publish_hello(FREEHINT_GIVE_BACK_BUSY);
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), 0);
	assert_int_equal(hello.give_back, FREEHINT_GIVE_BACK_BUSY);
	publish_hello(FREEHINT_GIVE_BACK_FAILED + 1);
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), -EINVAL);
}

static void an_older_guest_does_not_say(void **state)
{
	struct freehint_guest_hello hello;

	pub.version = FREEHINT_VERSION_GIVE_BACK - 1;
	shm->guest_hello.give_back = 77;
	publish_hello(FREEHINT_GIVE_BACK_POSSIBLE);
	assert_int_equal(shm->guest_hello.give_back, 77);
	assert_int_equal(freehint_read_guest_hello(&reader, REGION_INSTANCE, &hello), 0);
	assert_int_equal(hello.give_back, FREEHINT_GIVE_BACK_UNKNOWN);
}

RUN_TESTS(NULL, NULL,
		TEST(no_offer_is_no_error),
		TEST(a_count_out_of_range_is_malformed),
		TEST(a_sequence_out_of_range_is_malformed),
		TEST(a_block_has_an_order_and_is_aligned_to_it),
		TEST(a_block_ends_below_the_largest_guest),
		TEST(bits_between_pfn_and_order_are_zero),
		TEST(one_bad_block_spoils_the_offer),
		TEST(only_the_published_offer_is_taken),
		TEST(nothing_is_no_offer),
		TEST(an_offer_of_another_session_is_not_taken),
		TEST(the_largest_sequence_fits_its_answer),
		TEST(counters_of_another_session_are_not_read),
		TEST(the_hello_says_whether_the_guest_can),
		TEST(an_older_guest_does_not_say),
)
