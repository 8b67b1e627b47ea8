/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the host's request crosses the shared memory: freehint_write_request() and
 * freehint_read_request(), with stores out of order.
 *
 * Property: a request that the guest takes is one that the host made, with its own
 * pass. A guest whose free pages must read as zero reports in pass 1 only; a pass
 * that belongs to another round would make it report too much.
 */

#define ROUNDS	4
#define ROUND	0
#define PASS	1
#define CELLS	2
#define ALL_VISIBLE (empty(waiting[0]) && empty(waiting[1]))

#include "weak_memory.pml"

/* Any pass will do as long as it tells rounds apart. */
#define pass_of(r)	((r) + 10)

active proctype host() {
	byte round;

	do
	:: round < ROUNDS -> round++;
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

active proctype guest() {
	byte round, pass, again;

end:	do
	:: true ->
#ifdef BUG_PLAIN_ROUND_LOAD
		pass = load(PASS);
		round = load(ROUND);
#else
		round = load(ROUND);
		pass = load(PASS);
#endif
		again = load(ROUND);
#ifndef BUG_NO_REQUEST_RECHECK
		if
		:: again == round && round != 0 -> assert(pass == pass_of(round))
		:: else
		fi;
#else
		assert(round == 0 || pass == pass_of(round));
#endif
		d_step { round = 0; pass = 0; again = 0 }
	od
}

init {
	atomic { run memory(ROUND); run memory(PASS) }
}
