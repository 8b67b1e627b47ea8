/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the host's request crosses the shared memory: freehint_write_request(),
 * freehint_write_host_hello() and freehint_read_request(), with stores and loads out of
 * order. A guest whose mapping is write-combining loads in any order up to a fence.
 *
 * Property: a request that the guest takes is one that the host made, with its own
 * pass and its own instance. A guest whose free pages must read as zero reports in pass
 * 1 only; a pass that belongs to another round would make it report too much. A guest
 * that takes the instance of an earlier QEMU would publish its hello for that one.
 */

#define ROUNDS	4
#define ROUND	0
#define PASS	1
#define INSTANCE 2
#define CELLS	3
#define ALL_VISIBLE (empty(waiting[0]) && empty(waiting[1]) && empty(waiting[2]))

#include "weak_memory.pml"

/* Any pass will do as long as it tells rounds apart. */
#define pass_of(r)	((r) + 10)

/* A QEMU opens two rounds; the next QEMU has another instance. */
#define instance_of(r)	(((r) + 1) / 2 + 20)

/* freehint_write_host_hello(), which withdraws the request first */
inline write_hello(r) {
	store(ROUND, 0);
#ifndef BUG_PLAIN_INSTANCE
	store_release(INSTANCE, instance_of(r))
#else
	store(INSTANCE, instance_of(r))
#endif
}

active proctype host() {
	byte round;

	do
	:: round < ROUNDS -> round++;
		if
		:: instance_of(round) != instance_of(round - 1) -> write_hello(round)
		:: else
		fi;
		store(ROUND, 0);
#ifndef BUG_NO_REQUEST_FENCE
		store_fence();
#endif
		store(PASS, pass_of(round));
#ifndef BUG_PLAIN_REQUEST
		store_release(ROUND, round)
#else
		store(ROUND, round)
#endif
	:: round == ROUNDS -> break
	od
}

/* The first loads of instance and round, in any order. */
inline load_first() {
	if
	:: instance = load(INSTANCE); round = load(ROUND)
	:: round = load(ROUND); instance = load(INSTANCE)
	fi
}

/* The second look, in any order. */
inline load_again() {
	if
	:: again = load(ROUND); same = load(INSTANCE)
	:: same = load(INSTANCE); again = load(ROUND)
	fi
}

/* freehint_read_request() */
active proctype guest() {
	byte instance, round, pass, again, same;

end:	do
	:: true ->
#ifdef BUG_PLAIN_ROUND_LOAD
		pass = load(PASS);	/* loaded before the round */
		load_first();
#else
		load_first();
#endif
#ifdef BUG_NO_REQUEST_LOAD_FENCE
		load_again();		/* loaded before the pass */
#endif
#ifndef BUG_PLAIN_ROUND_LOAD
		pass = load(PASS);
#endif
#ifndef BUG_NO_REQUEST_LOAD_FENCE
		load_again();
#endif
#ifdef BUG_NO_REQUEST_RECHECK
		again = round;
#endif
#ifdef BUG_NO_INSTANCE_RECHECK
		same = instance;
#endif
		d_step {
			assert(again != round || same != instance || round == 0 ||
			       (pass == pass_of(round) && instance == instance_of(round)));
			instance = 0; round = 0; pass = 0; again = 0; same = 0
		}
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
