/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the guest's words cross the shared memory: proto/guest_publish.c and
 * proto/host_snapshot.c, store by store, with stores and loads out of order.
 *
 * A word holds the round in which the guest looked at its pages. Property: whatever
 * the host keeps of a round was looked at in that round, and a kept seal tells of that
 * round. The region begins with the leftovers of a round that once had
 * ended well. The guest's module may be unloaded and loaded again at any step.
 *
 * Second property: what a round ended with, and what an unloaded module cleared, is
 * visible before the guest does something else. It may do nothing for long, and a
 * store in a write-combining buffer would wait as long.
 *
 * The facts of a seal and the stores of withdraw() have no fence between them. Here they
 * become visible in any order, as the words of a bitmap do.
 */

#define WORDS	2
#define ROUNDS	3
#define STALE	9	/* a round of another life, complete and sealed */

#define ROUND	0	/* guest_progress.round */
#define MARK	1	/* guest_progress.watermark, in words */
#define SEAL	2	/* guest_seal.round */
#define FACTS	3	/* the rest of guest_seal; here the round they are of */
#define WORD	4
#define CELLS	(WORD + WORDS)
#define ALL_VISIBLE (empty(waiting[0]) && empty(waiting[1]) && empty(waiting[2]) && \
		     empty(waiting[3]) && empty(waiting[4]) && empty(waiting[5]))

#include "weak_memory.pml"

byte request;		/* open round */
bool unload;		/* asked for at any step, once */

/* freehint_open_round() */
inline open_round(r) {
	store(MARK, 0);
#ifndef BUG_NO_MARK_FENCE
	store_fence();
#endif
	store(ROUND, r);
#ifndef BUG_NO_ROUND_FENCE
	store_fence();
#endif
	mark = 0
}

/* freehint_advance() */
inline advance() {
#ifndef BUG_PLAIN_ADVANCE
	store_release(MARK, mark)
#else
	store(MARK, mark)
#endif
}

/* freehint_put_words(); the watermark may move over several words at once */
inline put_word(r) {
	store(WORD + mark, r);
	mark++;
	if
	:: advance()
	:: mark < WORDS
	fi
}

/* freehint_seal_round() */
inline seal_round(r) {
	store(SEAL, 0);
#ifndef BUG_NO_SEAL_FENCE
	store_fence();
#endif
	store(FACTS, r);
#ifndef BUG_PLAIN_SEAL
	store_release(SEAL, r);
#else
	store(SEAL, r);
#endif
#ifndef BUG_NO_SEAL_FLUSH
	store_fence();
#endif
	assert(load(SEAL) == r && load(FACTS) == r && load(MARK) == WORDS)
}

/* freehint_withdraw() */
inline withdraw() {
	store(MARK, 0);
	store(ROUND, 0);
	store(SEAL, 0);
#ifndef BUG_NO_WITHDRAW_FLUSH
	store_fence();
#endif
	assert(load(MARK) == 0 && load(ROUND) == 0 && load(SEAL) == 0)
}

active proctype guest() {
	byte mark, round, served;

	do
	:: atomic { request != served -> round = request; served = request };
		open_round(round);
		do
		:: mark < WORDS && !unload -> put_word(round)
		:: mark == WORDS && !unload -> seal_round(round); break
		:: unload -> break
		od
	/* loaded again, it answers the same request again */
	:: atomic { unload -> unload = false; served = 0 };
		withdraw()
	:: request == ROUNDS && served == ROUNDS && !unload -> break
	od
}

/* The gate, and the administrator. */
active proctype host() {
	do
	:: request < ROUNDS -> request++
	:: request == ROUNDS -> break
	od;
	if
	:: unload = true
	:: skip
	fi
}

inline copy_words() {
	i = 0;
	do
	:: i < WORDS -> copy[i] = load(WORD + i); i++
	:: else -> break
	od
}

/* freehint_read_progress(), freehint_copy_bitmap() for one round, freehint_read_seal() */
active proctype reader() {
	byte copy[WORDS];
	byte i, mark, round, again, seal, facts;

	do
	:: atomic { request != 0 -> round = request };
		seal = load(SEAL);
		facts = load(FACTS);
		/* the extension reads no more than the seal */
		if
		:: load(SEAL) != round || seal != round -> seal = 0
		:: else -> assert(facts == round)
		fi;
		again = load(ROUND);
		if
		:: again != round -> goto drop
		:: else
		fi;
#ifdef BUG_PLAIN_MARK_LOAD
		copy_words();		/* loaded before the watermark */
		mark = load(MARK);
#else
		mark = load(MARK);
#endif
#ifdef BUG_NO_LOAD_FENCE
		again = load(ROUND);	/* loaded before the words */
#endif
#ifndef BUG_PLAIN_MARK_LOAD
		copy_words();
#endif
#ifndef BUG_NO_LOAD_FENCE
		again = load(ROUND);
#endif
#ifndef BUG_NO_RECHECK
		if
		:: again != round -> goto drop
		:: else
		fi;
#endif
		d_step {
			i = 0;
			do
			:: i < mark -> assert(copy[i] == round); i++
			:: else -> break
			od
		};
drop:		skip;
		d_step {
			mark = 0; again = 0; seal = 0; facts = 0; i = 0; round = 0;
			copy[0] = 0; copy[1] = 0
		}
	:: request == ROUNDS -> break
	od
}

init {
	byte i;

	atomic {
		cell[ROUND] = STALE; cell[SEAL] = STALE; cell[MARK] = WORDS;
		cell[FACTS] = STALE; cell[WORD] = STALE; cell[WORD + 1] = STALE;
		do
		:: i < CELLS -> run memory(i); i++
		:: else -> break
		od
	}
}
