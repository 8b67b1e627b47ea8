/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a guest that gives some back, and the model of what may be discarded of it, for
 * fuzz_discard.c.
 */
#ifndef FREEHINT_DISCARD_RIG_H
#define FREEHINT_DISCARD_RIG_H

#include "fuzz.h"

#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"
#include "proto/guest_offer.h"
#include "proto/host_offer.h"
#include "tests/fakes/fake_discard.h"

/* Blocks of the fake guest, see discard_rig.c. */
#define DISCARD_BLOCKS	8
#define RIG_SHM_SIZE	(64ULL << 10)
#define RIG_RANGES	160

/**
 * struct discard_rig - one run
 * @shm:      region, attached by the extension
 * @pub:      the guest's side of it
 * @lied:     the guest has written lines of the host: what stands there proves nothing
 * @last_sequence: number of the last offer that the module's code made
 * @running:  an offer is accepted and not answered
 * @sequence: that offer
 * @session:  for which it was made
 * @range:    its ranges, @count of them
 * @expected: bytes that are discarded when it is done
 * @done:     bytes that were discarded of it
 */
struct discard_rig {
	struct freehint_shm *shm;
	struct freehint_publisher pub;
	bool lied;
	u64 last_sequence;
	bool running;
	u64 sequence;
	u64 session;
	struct freehint_range range[RIG_RANGES];
	unsigned int count;
	u64 expected;
	u64 done;
};

extern struct discard_rig rig;

/** discard_rig_start() - fresh region and guest, nothing wished, all memory there */
void discard_rig_start(void);

/** discard_rig_end() - switch off; no offer may be left without an answer, nothing held */
void discard_rig_end(void);

/** discard_rig_hello() - the guest's module, which can give back or not, says hello */
void discard_rig_hello(u32 give_back);

/** discard_rig_forbidden() - may no memory at all be discarded at this moment? */
bool discard_rig_forbidden(void);

/**
 * discard_rig_allows() - the model: may a command with these ranges be accepted?
 * @range:    ranges of the command
 * @count:    how many
 * @offer:    what the guest has published
 * @expected: set to the bytes that are to be discarded
 */
bool discard_rig_allows(const struct freehint_range *range, unsigned int count,
			const struct freehint_offer *offer, u64 *expected);

/** discard_rig_answer() - what stands in the region for an offer */
enum freehint_answer discard_rig_answer(u64 sequence);

/** discard_rig_follow() - has the accepted offer been answered, and rightly? */
void discard_rig_follow(void);

#endif /* FREEHINT_DISCARD_RIG_H */
