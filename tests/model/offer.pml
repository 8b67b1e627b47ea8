/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How an offer of free memory and its answer cross the shared memory: proto/guest_offer.c
 * and proto/host_offer.c, store by store, with stores and loads out of order.
 *
 * Property: guest and host never use the offered block at the same time, no discard is
 * under way when the guest uses it, and a copy of an offer that the reader accepts has
 * the block of that offer. The agent may be late, send twice, and send old offers.
 *
 * The two sides write at the same time here, so each has fences of its own.
 */

#define OFFERS	3

#define SEQUENCE	0	/* the guest's */
#define BLOCK		1	/* the guest's; here the offer that it belongs to */
#define ANSWER		2	/* the host's */
#define DISCARDED	3	/* the host's: a discard is a store to the guest's memory */
#define CELLS		4

#define LIGHT		0
#define DARK		1
#define LIGHT_AGAIN	2

byte device = LIGHT;

/* The host reaches its own memory without the device. */
#define IS_LOST(at)	(device == DARK && (at) <= BLOCK)

#include "weak_memory.pml"

#define taken(s)	((s) * 4 + 1)
#define done(s)		((s) * 4 + 2)
#define declined(s)	((s) * 4 + 3)

#define GUEST_VISIBLE	(empty(waiting[SEQUENCE]) && empty(waiting[BLOCK]))
#define HOST_VISIBLE	(empty(waiting[ANSWER]) && empty(waiting[DISCARDED]))

/* Nothing but a zero is loaded in the dark. */
#define guest_load(at)	(device == DARK -> 0 : load(at))

/* freehint_device_answers() */
#define ANSWERS		(device != DARK)

inline guest_fence() {
	d_step { GUEST_VISIBLE }
}

inline host_fence() {
	d_step { HOST_VISIBLE }
}

bool in_use = true;	/* the guest uses the block: it has put it back */
byte published;		/* offers made so far */
bool ended;

/*
 * freehint_publish_offer(). It clears the sequence once more, which only a caller needs that
 * has not withdrawn the offer before. Without a fence the guest would load what it has stored
 * itself, whatever becomes of that.
 */
inline publish(s) {
	store(BLOCK, s);
#ifndef BUG_PLAIN_SEQUENCE
	guest_fence();
#endif
	made = nempty(waiting[BLOCK]) || guest_load(BLOCK) == s;
#ifdef BUG_NO_READ_BACK
	made = true;
#endif
	if
	:: made ->
		store(SEQUENCE, s);
#ifndef BUG_NO_OFFER_FLUSH
		guest_fence();
#endif
		assert(device != LIGHT || load(SEQUENCE) == s)
	:: else
	fi
}

/* A look of freehint_withdraw_offer(): each of them may make it unsure. */
inline look(s) {
#ifndef BUG_NO_LOOK_BETWEEN
	sure = sure && ANSWERS;
#endif
#ifndef BUG_WITHDRAWAL_LOST
	sure = sure && (nempty(waiting[SEQUENCE]) || guest_load(SEQUENCE) != s);
#endif
	answer = guest_load(ANSWER);
	sure = sure && answer != taken(s)
}

/* freehint_withdraw_offer(), and the wait of offer_wait() */
inline end_offer(s) {
	do
	:: sure -> break
	:: !sure ->
		sure = ANSWERS;
		store(SEQUENCE, 0);
#ifndef BUG_NO_GUEST_FENCE
		guest_fence();
#endif
		look(s);
#ifndef BUG_ONE_LOOK
		look(s);
#endif
		sure = sure && ANSWERS;
#ifdef BUG_PUT_BACK_ON_TIMEOUT
		sure = true
#endif
	od
}

active proctype guest() {
	byte offer, answer;
	bool made, sure;

	do
	:: offer < OFFERS ->
		offer++;
		in_use = false;
		published = offer;
		publish(offer);
		/* Until an answer, or until the guest wants the block back. */
		do
		:: made -> answer = guest_load(ANSWER);
			if
			:: answer == done(offer) || answer == declined(offer) -> break
			:: else
			fi
		:: break
		od;
		/* What was not made needs no end. */
		sure = !made;
#ifdef BUG_NOT_WITHDRAWN
		if
		:: answer == done(offer)
		:: answer != done(offer) -> end_offer(offer)
		fi;
#else
		end_offer(offer);
#endif
		atomic {
			in_use = true;
			assert(empty(waiting[DISCARDED]));
			answer = 0;
			made = false;
			sure = false
		}
	:: offer == OFFERS -> break
	od;
	ended = true
}

active proctype bus() {
	device = DARK;
	device = LIGHT_AGAIN
}

/* freehint_take_offer(), the discard and freehint_answer_offer() */
inline serve(s) {
	store(ANSWER, taken(s));
#ifndef BUG_NO_HOST_FENCE
	host_fence();
#endif
#ifndef BUG_OLD_SEQUENCE
	again = load(SEQUENCE);
#else
	again = s;
#endif
	if
	:: again == s ->
#ifdef BUG_ANSWER_BEFORE_DISCARD
		host_fence();
		store(ANSWER, done(s));
#endif
		atomic { assert(!in_use); store(DISCARDED, s) };
#ifndef BUG_ANSWER_BEFORE_DISCARD
#ifndef BUG_PLAIN_ANSWER
		host_fence();
#endif
		store(ANSWER, done(s))
#endif
	:: again != s ->
		store(ANSWER, declined(s))
	fi
}

/* freehint_copy_offer() */
inline copy() {
#ifdef BUG_PLAIN_COPY
	block = load(BLOCK);		/* loaded before the sequence */
	seen = load(SEQUENCE);
#else
	seen = load(SEQUENCE);
#endif
#ifdef BUG_NO_COPY_FENCE
	again = load(SEQUENCE);		/* loaded before the block */
#endif
#ifndef BUG_PLAIN_COPY
	block = load(BLOCK);
#endif
#ifndef BUG_NO_COPY_FENCE
	again = load(SEQUENCE);
#endif
#ifdef BUG_NO_COPY_RECHECK
	again = seen;
#endif
	assert(seen == 0 || again != seen || block == seen)
}

active proctype host() {
	byte seen, block, again;

end:	do
	:: copy();
		if
		:: seen != 0 && again == seen -> serve(seen)
		:: else
		fi;
		atomic { seen = 0; block = 0; again = 0 }
	/* An agent that was late: an offer that it copied some time ago. */
	:: atomic {
			published > 0 -> seen = 1;
			do
			:: seen < published -> seen++
			:: break
			od
		};
		serve(seen);
		atomic { seen = 0; again = 0 }
	:: ended -> break
	od
}

init {
	byte i;

	atomic {
		do
		:: i < CELLS -> run memory(i); i++
		:: else -> break
		od
	}
}
