// SPDX-License-Identifier: GPL-2.0
/*
 * The agent carries the guest's offers to QEMU: only while QEMU asks, each once, one at a
 * time; and a guest that lies or floods costs no more than the polls.
 */
/* rig: tests/fakes/session_rig.c */
#include "host-agent/common/clock.h"
#include "include/freehint/limits.h"
#include "proto/guest_offer.h"
#include "proto/host_request.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define SESSION		77
#define MIB		(1ULL << 20)

static const u64 blocks[] = { 0x400 | 9ULL << 56, 0x200 | 9ULL << 56 };

static void attach(void)
{
	session_rig.server.can_give_back = true;
	session_rig_attach();
}

/* Somebody has QEMU ask the guest. */
static void ask(void)
{
	session_rig.server.mode = "always";
	session_rig.server.asking = true;
	freehint_write_give_back_request(session_rig.shm, SESSION, 9, 0);
	fire(EVENT_POLL);
	session_rig_query();
	assert_true(session_rig.session.answers.now.give_back.asking);
}

static void attach_and_ask(void)
{
	attach();
	ask();
}

static void offer(u64 sequence)
{
	freehint_publish_offer(&session_rig.guest, sequence, SESSION, blocks, 2);
}

static void poll(void)
{
	fire(EVENT_POLL);
	talk();
}

/* As if the pause after a refusal were over. */
static void end_pause(void)
{
	session_rig.session.offers.due_us = 0;
}

/* As if the last offer were so long ago: a test may be without a processor since it really was. */
static void quiet_for(u64 usec)
{
	session_rig.session.offers.active_us = clock_us() - usec;
}

static void offer_reaches_qemu_in_order(void **state)
{
	attach_and_ask();
	offer(5);
	poll();
	assert_int_equal(session_rig.server.discards, 1);
	assert_int_equal(session_rig.server.offer, 5);
	assert_int_equal(session_rig.server.discard_count, 1);
	assert_int_equal(session_rig.server.discarded[0].start, 2 * MIB);
	assert_int_equal(session_rig.server.discarded[0].length, 4 * MIB);
	/* The same offer stands there until the guest has read the answer. */
	poll();
	assert_int_equal(session_rig.server.discards, 1);
	offer(6);
	poll();
	assert_int_equal(session_rig.server.offer, 6);
}

static void the_largest_offer_reaches_qemu_whole(void **state)
{
	u64 many[FREEHINT_OFFER_BLOCKS], i;

	for (i = 0; i < FREEHINT_OFFER_BLOCKS; i++)
		many[i] = freehint_block(FREEHINT_MAX_PAGES - 2 * (i + 1), 0);
	attach_and_ask();
	freehint_publish_offer(&session_rig.guest, FREEHINT_OFFER_MAX, SESSION, many,
			       FREEHINT_OFFER_BLOCKS);
	poll();
	assert_int_equal(session_rig.server.offer, FREEHINT_OFFER_MAX);
	assert_int_equal(session_rig.server.discard_count, FREEHINT_OFFER_BLOCKS);
	assert_int_equal(session_rig.server.discarded[FREEHINT_OFFER_BLOCKS - 1].start,
			 many[0] << FREEHINT_PAGE_SHIFT);
}

/* The guest can write the request line; nobody else asks for its memory. */
static void forged_session_gets_a_question_and_nothing_else(void **state)
{
	attach();
	fire(EVENT_POLL);
	freehint_write_give_back_request(session_rig.shm, SESSION, 9, 0);
	offer(5);
	session_rig.loop.usec[EVENT_QUERY] = ~0ULL;
	poll();
	assert_true(session_rig.loop.usec[EVENT_QUERY] <= 20000);
	session_rig_query();
	poll();
	assert_int_equal(session_rig.server.discards, 0);
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
}

static void poll_is_fast_only_while_qemu_asks(void **state)
{
	attach();
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
	ask();
	quiet_for(0);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], 250);
	quiet_for(500000);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], 1000);
	quiet_for(5000000);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], 10000);
	offer(5);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], 250);
	freehint_write_give_back_request(session_rig.shm, FREEHINT_NO_SESSION, 0, 0);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
}

/* An offer stands for a second: the first one after a silence may wait a tenth of it. */
static void poll_is_slow_once_the_guest_is_drained(void **state)
{
	attach_and_ask();
	session_rig.server.drained = true;
	session_rig_query();
	quiet_for(0);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], 250);
	quiet_for(5000000);
	poll();
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
	offer(5);
	poll();
	assert_int_equal(session_rig.server.offer, 5);
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], 250);
}

static void refused_offer_is_not_sent_again(void **state)
{
	attach_and_ask();
	session_rig.server.discard_refusal = "a migration runs";
	offer(5);
	poll();
	end_pause();
	poll();
	assert_int_equal(session_rig.server.discards, 1);
	assert_int_equal(session_rig.session.offers.stats.refused, 1);
	session_rig.server.discard_refusal = "offer 6 " FREEHINT_ERR_STALE;
	offer(6);
	poll();
	assert_int_equal(session_rig.session.offers.stats.refused, 1);
	session_rig.server.discard_refusal = NULL;
	end_pause();
	offer(7);
	poll();
	assert_int_equal(session_rig.server.discards, 3);
	assert_int_equal(session_rig.session.offers.pause_us, 0);
}

static void malformed_offer_is_not_sent(void **state)
{
	static const u64 bad[] = {
		1ULL << 50, 0x200 | 19ULL << 56, 0x201 | 9ULL << 56, (1ULL << 34) | 1ULL << 56,
	};
	unsigned int i;

	attach_and_ask();
	for (i = 0; i < 4; i++) {
		freehint_publish_offer(&session_rig.guest, 5 + i, SESSION, &bad[i], 1);
		end_pause();
		poll();
	}
	session_rig.shm->offer.count = FREEHINT_OFFER_BLOCKS + 1;
	session_rig.shm->offer.sequence = 9;
	end_pause();
	poll();
	session_rig.shm->offer.count = 0;
	session_rig.shm->offer.sequence = 10;
	end_pause();
	poll();
	assert_int_equal(session_rig.server.discards, 0);
	assert_int_equal(session_rig.session.offers.stats.malformed, 6);
}

static void offer_of_another_session_is_left(void **state)
{
	attach_and_ask();
	freehint_publish_offer(&session_rig.guest, 5, SESSION - 1, blocks, 2);
	poll();
	assert_int_equal(session_rig.server.discards, 0);
	assert_int_equal(session_rig.session.offers.handled, 5);
}

/* Each poll finds another offer, all of them are refused, and a round is hinted meanwhile. */
static void a_flood_costs_what_the_polls_cost(void **state)
{
	u64 start, i, sequence = 100;

	attach_and_ask();
	session_rig.server.discard_refusal = "no";
	start = clock_us();
	for (i = 0; i < 500; i++) {
		offer(sequence++);
		fire(EVENT_POLL);
		talk();
	}
	/* The pauses double: 1, 2, 4 ... 100 ms. */
	assert_true(session_rig.server.discards <= 9 + (clock_us() - start) / 100000);
	session_rig_publish(7);
	offer(sequence);
	poll();
	assert_int_equal(session_rig.server.lasts, 1);
}

static void one_offer_is_in_flight_at_a_time(void **state)
{
	attach_and_ask();
	session_rig.server.mute = true;
	offer(5);
	poll();
	assert_int_equal(session_rig.session.offers.in_flight, 5);
	offer(6);
	poll();
	assert_int_equal(session_rig.session.offers.handled, 5);
	/* Hints do not wait for it. */
	session_rig_publish(7);
	fire(EVENT_POLL);
	assert_int_equal(session_rig.session.flow.batch.in_flight, 1);
}

static void new_connection_sends_the_offer_again(void **state)
{
	attach_and_ask();
	session_rig.server.mute = true;
	offer(5);
	poll();
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_int_equal(session_rig.session.offers.in_flight, FREEHINT_NO_OFFER);
	session_rig.server.mute = false;
	fire(EVENT_RETRY);
	talk();
	poll();
	assert_int_equal(session_rig.server.discards, 1);
	assert_int_equal(session_rig.server.offer, 5);
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(offer_reaches_qemu_in_order),
		SESSION_TEST(the_largest_offer_reaches_qemu_whole),
		SESSION_TEST(forged_session_gets_a_question_and_nothing_else),
		SESSION_TEST(poll_is_fast_only_while_qemu_asks),
		SESSION_TEST(poll_is_slow_once_the_guest_is_drained),
		SESSION_TEST(refused_offer_is_not_sent_again),
		SESSION_TEST(malformed_offer_is_not_sent),
		SESSION_TEST(offer_of_another_session_is_left),
		SESSION_TEST(a_flood_costs_what_the_polls_cost),
		SESSION_TEST(one_offer_is_in_flight_at_a_time),
		SESSION_TEST(new_connection_sends_the_offer_again),
)
