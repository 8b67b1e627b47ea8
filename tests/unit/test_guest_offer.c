// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of giving memory back: what it reads of the host's request, and what
 * stands in the region after each step of an offer.
 */
/* rig: tests/unit/offer_rig.h */
#include "offer_rig.h"

static void a_request_is_read_whole(void **state)
{
	struct freehint_give_back_ask ask;

	freehint_write_give_back_request(shm, SESSION + 1, 10, 77);
	assert_true(freehint_read_give_back_request(&pub, &ask));
	assert_true(ask.instance == REGION_INSTANCE);
	assert_true(ask.session == SESSION + 1);
	assert_int_equal(ask.order, 10);
	assert_int_equal(ask.leave, 77);
	assert_true(freehint_give_back_is_current(&pub, &ask));
}

static void a_request_with_an_order_out_of_range_is_none(void **state)
{
	static const u32 orders[] = { 0, FREEHINT_BLOCK_MAX_ORDER + 1, 64, ~0U };
	struct freehint_give_back_ask ask;
	unsigned int i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		freehint_write_give_back_request(shm, SESSION, orders[i], 0);
		assert_true(freehint_read_give_back_request(&pub, &ask));
		assert_true(ask.session == FREEHINT_NO_SESSION);
	}
}

/* What a device that decodes no memory reads as, just then; the rest was read before. */
static void a_request_of_no_host_is_not_consistent(void **state)
{
	static const u64 blips[] = { 0, FREEHINT_ALL_ONES };
	struct freehint_give_back_ask ask;
	unsigned int i;

	for (i = 0; i < sizeof(blips) / sizeof(blips[0]); i++) {
		shm->host_hello.instance = blips[i];
		assert_false(freehint_read_give_back_request(&pub, &ask));
	}
}

static void an_older_host_asks_for_nothing(void **state)
{
	struct freehint_give_back_ask ask;

	pub.version = FREEHINT_VERSION_GIVE_BACK - 1;
	assert_true(freehint_read_give_back_request(&pub, &ask));
	assert_true(ask.session == FREEHINT_NO_SESSION);
	assert_true(ask.instance == REGION_INSTANCE);
}

static void a_request_ends_with_its_session_or_its_host(void **state)
{
	struct freehint_give_back_ask ask;

	assert_true(freehint_read_give_back_request(&pub, &ask));
	freehint_write_give_back_request(shm, FREEHINT_NO_SESSION, 0, 0);
	assert_false(freehint_give_back_is_current(&pub, &ask));
	assert_true(freehint_host_is_same(&pub, &ask));
	freehint_write_give_back_request(shm, SESSION, 9, 0);
	assert_true(freehint_give_back_is_current(&pub, &ask));
	assert_int_equal(freehint_write_host_hello(shm, region.size, 2), 0);
	assert_false(freehint_give_back_is_current(&pub, &ask));
	assert_false(freehint_host_is_same(&pub, &ask));
}

static void a_new_host_asks_for_nothing_and_has_answered_nothing(void **state)
{
	offer_one(OFFER);
	assert_int_equal(freehint_take_offer(shm, OFFER), 0);
	assert_int_equal(freehint_write_host_hello(shm, region.size, 2), 0);
	assert_true(freehint_read_session(&reader) == FREEHINT_NO_SESSION);
	assert_int_equal(freehint_offer_answer(&pub, OFFER), FREEHINT_ANSWER_NONE);
}

static void an_offer_has_what_was_given(void **state)
{
	u64 block[FREEHINT_OFFER_BLOCKS];
	struct freehint_offer offer;
	unsigned int i;

	for (i = 0; i < FREEHINT_OFFER_BLOCKS; i++)
		block[i] = freehint_block((u64)i << 9, 9);
	freehint_publish_offer(&pub, OFFER, SESSION, block, FREEHINT_OFFER_BLOCKS);
	assert_true(freehint_offer_sequence(&reader) == OFFER);
	assert_int_equal(freehint_copy_offer(&reader, &offer), 0);
	assert_true(offer.sequence == OFFER && offer.session == SESSION);
	assert_int_equal(offer.count, FREEHINT_OFFER_BLOCKS);
	assert_memory_equal(offer.block, block, sizeof(block));
	for (i = 0; i < FREEHINT_OFFER_BLOCKS; i++) {
		assert_int_equal(freehint_block_pfn(block[i]), i << 9);
		assert_int_equal(freehint_block_pages(block[i]), 512);
	}
}

static void a_withdrawn_offer_is_gone(void **state)
{
	struct freehint_offer offer;

	offer_one(OFFER);
	assert_int_equal(freehint_withdraw_offer(&pub, OFFER), FREEHINT_ANSWER_NONE);
	assert_int_equal(freehint_copy_offer(&reader, &offer), -EAGAIN);
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
	assert_int_equal(freehint_offer_answer(&pub, OFFER), FREEHINT_ANSWER_DECLINED);
}

static void a_taken_offer_is_the_hosts_until_it_answers(void **state)
{
	offer_one(OFFER);
	assert_int_equal(freehint_take_offer(shm, OFFER), 0);
	assert_int_equal(freehint_withdraw_offer(&pub, OFFER), FREEHINT_ANSWER_TAKEN);
	assert_int_equal(freehint_offer_answer(&pub, OFFER), FREEHINT_ANSWER_TAKEN);
	freehint_answer_offer(shm, OFFER, FREEHINT_ANSWER_DONE);
	assert_int_equal(freehint_offer_answer(&pub, OFFER), FREEHINT_ANSWER_DONE);
}

/* An agent that was started again finds the sequence of an offer that is done. */
static void an_offer_that_is_done_can_be_taken_until_it_is_withdrawn(void **state)
{
	offer_one(OFFER);
	assert_int_equal(freehint_take_offer(shm, OFFER), 0);
	freehint_answer_offer(shm, OFFER, FREEHINT_ANSWER_DONE);
	assert_int_equal(freehint_take_offer(shm, OFFER), 0);
	assert_int_equal(freehint_withdraw_offer(&pub, OFFER), FREEHINT_ANSWER_TAKEN);
	freehint_answer_offer(shm, OFFER, FREEHINT_ANSWER_DONE);
	assert_int_equal(freehint_withdraw_offer(&pub, OFFER), FREEHINT_ANSWER_DONE);
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
}

static void an_answer_to_another_offer_is_none(void **state)
{
	offer_one(OFFER);
	assert_int_equal(freehint_take_offer(shm, OFFER + 1), -ESTALE);
	assert_int_equal(freehint_offer_answer(&pub, OFFER), FREEHINT_ANSWER_NONE);
	assert_int_equal(freehint_take_offer(shm, OFFER), 0);
	assert_int_equal(freehint_offer_answer(&pub, OFFER + 1), FREEHINT_ANSWER_NONE);
}

static void the_last_offer_of_an_earlier_kernel_can_be_removed(void **state)
{
	offer_one(OFFER);
	freehint_clear_offer(&pub);
	assert_true(freehint_offer_sequence(&reader) == FREEHINT_NO_OFFER);
	assert_int_equal(freehint_take_offer(shm, OFFER), -ESTALE);
}

static void nothing_is_cleared_in_the_region_of_an_older_host(void **state)
{
	shm->offer.sequence = 77;
	pub.version = FREEHINT_VERSION_GIVE_BACK - 1;
	freehint_clear_offer(&pub);
	assert_int_equal(shm->offer.sequence, 77);
}

static void the_state_is_published_whole(void **state)
{
	const struct freehint_give_back_state was = {
		.session = SESSION, .drained = 1, .offers = 2, .pages = 3, .withdrawn = 4,
	};
	struct freehint_give_back_state seen;

	freehint_publish_give_back(&pub, &was);
	assert_int_equal(freehint_read_give_back_state(&reader, SESSION, &seen), 0);
	assert_int_equal(seen.drained, 1);
	assert_int_equal(seen.offers, 2);
	assert_int_equal(seen.pages, 3);
	assert_int_equal(seen.withdrawn, 4);
}

RUN_TESTS(NULL, NULL,
		TEST(a_request_is_read_whole),
		TEST(a_request_with_an_order_out_of_range_is_none),
		TEST(a_request_of_no_host_is_not_consistent),
		TEST(an_older_host_asks_for_nothing),
		TEST(a_request_ends_with_its_session_or_its_host),
		TEST(a_new_host_asks_for_nothing_and_has_answered_nothing),
		TEST(an_offer_has_what_was_given),
		TEST(a_withdrawn_offer_is_gone),
		TEST(a_taken_offer_is_the_hosts_until_it_answers),
		TEST(an_offer_that_is_done_can_be_taken_until_it_is_withdrawn),
		TEST(an_answer_to_another_offer_is_none),
		TEST(the_last_offer_of_an_earlier_kernel_can_be_removed),
		TEST(nothing_is_cleared_in_the_region_of_an_older_host),
		TEST(the_state_is_published_whole),
)
