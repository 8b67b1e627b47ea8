// SPDX-License-Identifier: GPL-2.0
/*
 * A guest thread that withdraws offers and a host thread that takes them, at the same
 * time: never do both own a block, and no copy of an offer has a block of another one.
 */
/* rig: tests/unit/offer_rig.h */
/* flags: -pthread */
/* also: tsan */
#include <pthread.h>
#include <sched.h>

#include "offer_rig.h"

#define OFFERS		20000ULL
#define BLOCKS		16
/* Polls before the guest withdraws: from none to more than the host needs. */
#define PATIENCE	7

enum owner { GUEST = 1, HOST = 2 };

struct tally {
	u64 done;
	u64 withdrawn;
	u64 waited;
	u64 copies;
	u64 mixed;
	u64 both;
};

/* Who writes the block; only the rules of the handshake keep the two apart. */
static int owner = GUEST;
static int guest_has_ended;

static void own(enum owner who, enum owner other, struct tally *tally)
{
	tally->both += __atomic_exchange_n(&owner, who, __ATOMIC_RELAXED) == (int)other;
}

static u64 block_of(u64 sequence, unsigned int i)
{
	return freehint_block((sequence % 4096 * BLOCKS + i) << 9, 9);
}

/* As in guest-kmod: an offer ends with a withdrawal; a taken one is waited for. */
static void end_offer(u64 sequence, struct tally *tally)
{
	enum freehint_answer answer = FREEHINT_ANSWER_NONE;
	unsigned int i;

	for (i = 0; i < sequence % PATIENCE && answer != FREEHINT_ANSWER_DONE; i++) {
		sched_yield();
		answer = freehint_offer_answer(&pub, sequence);
	}
	answer = freehint_withdraw_offer(&pub, sequence);
	tally->waited += answer == FREEHINT_ANSWER_TAKEN;
	while (answer == FREEHINT_ANSWER_TAKEN) {
		sched_yield();
		answer = freehint_offer_answer(&pub, sequence);
	}
	tally->done += answer == FREEHINT_ANSWER_DONE;
	tally->withdrawn += answer == FREEHINT_ANSWER_NONE;
}

static void *guest(void *arg)
{
	struct tally *tally = arg;
	u64 sequence, block[BLOCKS];
	unsigned int i;

	for (sequence = OFFER; sequence < OFFER + OFFERS || !tally->done; sequence++) {
		for (i = 0; i < BLOCKS; i++)
			block[i] = block_of(sequence, i);
		/* Nobody owns the blocks: they are out of the allocator. */
		__atomic_store_n(&owner, 0, __ATOMIC_RELAXED);
		freehint_publish_offer(&pub, sequence, SESSION, block, BLOCKS);
		end_offer(sequence, tally);
		own(GUEST, HOST, tally);
	}
	__atomic_store_n(&guest_has_ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void look(const struct freehint_offer *offer, struct tally *tally)
{
	unsigned int i;

	tally->copies++;
	tally->mixed += offer->count != BLOCKS;
	for (i = 0; i < offer->count; i++)
		tally->mixed += offer->block[i] != block_of(offer->sequence, i);
}

static void host(struct tally *tally)
{
	struct freehint_offer offer;

	while (!__atomic_load_n(&guest_has_ended, __ATOMIC_ACQUIRE)) {
		int ret = freehint_copy_offer(&reader, &offer);

		tally->mixed += ret && ret != -EAGAIN;
		if (ret)
			continue;
		look(&offer, tally);
		if (freehint_take_offer(shm, offer.sequence))
			continue;
		own(HOST, GUEST, tally);
		sched_yield();
		__atomic_store_n(&owner, 0, __ATOMIC_RELAXED);
		freehint_answer_offer(shm, offer.sequence, FREEHINT_ANSWER_DONE);
	}
}

static void guest_and_host_never_own_a_block_together(void **state)
{
	struct tally here = { 0 }, there = { 0 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, guest, &there), 0);
	host(&here);
	assert_int_equal(pthread_join(thread, NULL), 0);
	printf("%llu offers done, %llu withdrawn, %llu taken meanwhile, %llu copies\n",
	       (unsigned long long)there.done, (unsigned long long)there.withdrawn,
	       (unsigned long long)there.waited, (unsigned long long)here.copies);
	assert_int_equal(here.both + there.both, 0);
	assert_int_equal(here.mixed, 0);
	assert_true(here.copies > 0);
}

RUN_TESTS(NULL, NULL,
		TEST(guest_and_host_never_own_a_block_together),
)
