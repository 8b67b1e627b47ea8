/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the guest's hello crosses the shared memory: freehint_publish_hello(),
 * freehint_withdraw() and freehint_read_guest_hello(), store by store, with stores and
 * loads out of order.
 *
 * Property: a hello that echoes an instance has the facts that the guest published for
 * that instance, and it is visible before the guest waits for its next poll. The line
 * begins with a hello for another QEMU. The module may withdraw its hello at any time.
 */

#define HOSTS	3	/* QEMU processes, one after the other */
#define STALE	9

#define INSTANCE	0
#define CONTRACT	1	/* two of the facts; here the instance they are for */
#define END		2
#define CELLS		3
#define ALL_VISIBLE (empty(waiting[0]) && empty(waiting[1]) && empty(waiting[2]))

#include "weak_memory.pml"

byte host;	/* instance of the QEMU that runs */

/* freehint_withdraw() */
inline withdraw() {
	store(INSTANCE, 0);
#ifndef BUG_NO_WITHDRAW_FENCE
	store_fence()
#endif
}

/* freehint_publish_hello() */
inline publish(i) {
	withdraw();
	if
	:: store(CONTRACT, i); store(END, i)
	:: store(END, i); store(CONTRACT, i)
	fi;
#ifndef BUG_PLAIN_HELLO
	store_release(INSTANCE, i);
#else
	store(INSTANCE, i);
#endif
#ifndef BUG_NO_HELLO_FLUSH
	store_fence();
#endif
	assert(load(INSTANCE) == i)
}

active proctype guest() {
	byte instance;

	do
	:: atomic { host != 0 && host != instance -> instance = host };
		publish(instance)
	:: atomic { instance != 0 -> instance = 0 };
		withdraw()
	:: host == HOSTS && instance == HOSTS -> break
	od
}

active proctype hosts() {
	do
	:: host < HOSTS -> host++
	:: host == HOSTS -> break
	od
}

inline load_facts() {
	if
	:: contract = load(CONTRACT); end = load(END)
	:: end = load(END); contract = load(CONTRACT)
	fi
}

/* freehint_read_guest_hello() */
active proctype reader() {
	byte wanted, seen, contract, end, again;

	do
	:: atomic { host != 0 -> wanted = host };
#ifdef BUG_PLAIN_INSTANCE_LOAD
		load_facts();		/* loaded before the instance */
		seen = load(INSTANCE);
#else
		seen = load(INSTANCE);
#endif
#ifdef BUG_NO_LOAD_FENCE
		again = load(INSTANCE);	/* loaded before the facts */
#endif
#ifndef BUG_PLAIN_INSTANCE_LOAD
		load_facts();
#endif
#ifndef BUG_NO_LOAD_FENCE
		again = load(INSTANCE);
#endif
#ifdef BUG_NO_RECHECK
		again = wanted;
#endif
		d_step {
			assert(seen != wanted || again != wanted ||
			       (contract == wanted && end == wanted));
			wanted = 0; seen = 0; contract = 0; end = 0; again = 0
		}
	:: host == HOSTS -> break
	od
}

init {
	byte i;

	atomic {
		cell[INSTANCE] = STALE; cell[CONTRACT] = STALE; cell[END] = STALE;
		do
		:: i < CELLS -> run memory(i); i++
		:: else -> break
		od
	}
}
