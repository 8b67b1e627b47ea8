// SPDX-License-Identifier: GPL-2.0
/*
 * A guest thread that publishes round after round and a host thread that copies
 * them: no copy the host accepts may hold a word of another round.
 */
/* links: proto/guest_publish.c proto/host_request.c proto/host_snapshot.c */
/* links: proto/host_offer.c */
/* flags: -pthread */
/* also: tsan */
#include <pthread.h>
#include <sched.h>

#include "region.h"
#include "tests/unit/unit.h"

#define SIZE		FREEHINT_MIN_REGION
#define WORDS		((SIZE - FREEHINT_HEADER_SIZE) / 8)
#define CHUNK		64
/* The host asks this often; each round is republished in full every time. */
#define ROUNDS		4000ULL
/* Ids with nothing in common with small numbers, as in real life. */
#define BASE		0x2b5c7d1100000000ULL

struct tally {
	u64 copies;
	u64 dropped;
	u64 mixed;
	u64 requests_torn;
};

static struct region region;

/* Word @index of @round: every word of every round differs. */
static u64 word_of(u64 round, u64 index)
{
	return round * 0x9e3779b97f4a7c15ULL + index;
}

static void publish_round(struct freehint_publisher *pub, u64 round)
{
	const struct freehint_seal_facts end = { .status = FREEHINT_SEAL_COMPLETE };
	u64 words[CHUNK], i, w;

	freehint_open_round(pub, round);
	for (i = 0; i < WORDS; i += CHUNK) {
		for (w = 0; w < CHUNK; w++)
			words[w] = word_of(round, i + w);
		freehint_put_words(pub, words, CHUNK);
		freehint_advance(pub);
	}
	freehint_seal_round(pub, &end);
}

/* The guest: follows the host's request until the host asks for none. */
static void *guest(void *arg)
{
	struct tally *tally = arg;
	struct freehint_publisher pub;
	struct freehint_request req;
	u64 last = 0;

	if (freehint_publisher_attach(&pub, region.base, SIZE))
		__builtin_trap();
	for (;;) {
		if (!freehint_read_request(&pub, &req))
			continue;
		if (req.phase == FREEHINT_PHASE_OFF)
			return NULL;
		if (req.round == FREEHINT_NO_ROUND || req.round == last) {
			sched_yield();
			continue;
		}
		/* The host writes the low bits of the round into pass. */
		if (req.pass != (u32)req.round || req.phase != FREEHINT_PHASE_ROUND)
			tally->requests_torn++;
		last = req.round;
		publish_round(&pub, req.round);
	}
}

/* Copy what lies below the watermark and look at every word of it. */
static void take_copy(const struct freehint_reader *reader, u64 round, struct tally *tally)
{
	u64 words[WORDS], mark, i;

	if (freehint_read_progress(reader, round, &mark))
		return;
	if (freehint_copy_bitmap(reader, round, 0, mark, words)) {
		tally->dropped++;
		return;
	}
	tally->copies++;
	for (i = 0; i < mark / 64; i++)
		tally->mixed += words[i] != word_of(round, i);
}

/*
 * Two rounds are asked for at a time, so that the guest overwrites the one the
 * host still copies; the last of them is waited for.
 */
static void host(struct tally *tally)
{
	struct freehint_guest_seal seal;
	struct freehint_reader reader;
	u64 i, round;

	if (freehint_reader_attach(&reader, region.base, SIZE))
		__builtin_trap();
	for (i = 1; i <= ROUNDS; i += 2) {
		round = BASE + i;
		freehint_write_request(region.shm, round, FREEHINT_PHASE_ROUND, (u32)round);
		while (freehint_read_seal(&reader, round, &seal))
			take_copy(&reader, round, tally);
		round++;
		freehint_write_request(region.shm, round, FREEHINT_PHASE_ROUND, (u32)round);
		take_copy(&reader, round - 1, tally);
		take_copy(&reader, round, tally);
	}
	while (freehint_read_seal(&reader, round, &seal))
		sched_yield();
	take_copy(&reader, round, tally);
	freehint_write_request(region.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_OFF, 0);
}

static void no_copy_mixes_two_rounds(void **state)
{
	struct tally here = { 0 }, there = { 0 };
	pthread_t thread;

	region = region_make(SIZE);
	freehint_write_request(region.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	assert_int_equal(pthread_create(&thread, NULL, guest, &there), 0);
	host(&here);
	assert_int_equal(pthread_join(thread, NULL), 0);
	printf("%llu copies accepted, %llu dropped\n", (unsigned long long)here.copies,
	       (unsigned long long)here.dropped);
	assert_int_equal(here.mixed, 0);
	assert_int_equal(there.requests_torn, 0);
	assert_true(here.copies > 0);
	region_drop(&region);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(no_copy_mixes_two_rounds),
)
