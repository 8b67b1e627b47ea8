/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hint round over one page: guest, scanner, dirty log with KVM's deferred
 * clear, sync, send, hint, two migrations of which the first is cancelled.
 *
 * Property: when the guest runs on the destination, a page that it owns and has
 * written reads as it was last written. Each BUG_ macro takes one safety rule out;
 * the property must then fail.
 */

#define WRITES	3	/* writes of the guest in one run */
#define PASSES	2	/* passes of a migration before the last */

/* The page in the guest. */
bool owned = true;	/* allocated */
bool written = true;	/* since it was allocated: its content matters */
byte content = 1;	/* version last written */
bool zone_lock;

/* QEMU on the source. */
bool stopped;		/* the guest stands still */
bool log = true;	/* KVM's dirty log; a write sets it */
bool pending = true;	/* log was read, not yet cleared: clear_bmap */
bool fetched = true;	/* what was read; only such bits are cleared later */
bool bmap = true;	/* QEMU's dirty bitmap */
byte dest;		/* version the destination holds, 0 for none */

/* The round. */
byte request;		/* request line, 0 for none */
byte open;		/* gate: id of the open round, 0 when closed */
bool applying;
byte offer;		/* round for which the region says "free", 0 for none */
byte next_id = 1;
bool done;

inline clear_log() {
	log = log && !(pending && fetched);
	pending = false
}

/* The dirty log goes into the bitmap; its clear is left for later. */
inline sync() {
	d_step {
		bmap = bmap || log;
		fetched = log;
		pending = true
	}
}

inline send() {
	if
	:: bmap ->
		d_step { clear_log(); bmap = false };
		/* the content is read after the log was cleared */
		dest = content
	:: else
	fi
}

inline open_round() {
#ifndef BUG_NO_ARM
	d_step { clear_log() };
#endif
	open = next_id;
	request = next_id;
	next_id++
}

inline close_round() {
#ifndef BUG_NO_GATE
	open = 0;
#endif
#ifndef BUG_NO_WAIT
	!applying;
#endif
	request = 0
}

/* Allocates, writes and frees as long as it runs; takes the lock like the allocator. */
active proctype guest() {
	byte writes = 0;

	do
	:: atomic { !stopped && !zone_lock && owned -> owned = false; written = false }
	:: atomic { !stopped && !zone_lock && !owned -> owned = true }
	:: atomic { !stopped && owned && writes < WRITES ->
		content++;
		writes++;
		log = true;
		written = true
	   }
	:: done -> break
	od
}

/* freehint.ko: acquires the request, then looks under the lock, then publishes. */
active proctype scanner() {
	byte round = 0, served = 0;
	bool free;

	do
	:: atomic { !stopped && request != 0 && request != served -> round = request };
#ifdef BUG_LOOK_EARLY
		/* labels what it saw before with the id it reads now */
		atomic { request != 0 -> round = request };
#endif
		served = round;
		atomic { !zone_lock -> zone_lock = true };
		free = !owned;
		zone_lock = false;
#ifdef BUG_LOOK_EARLY
		if
		:: request != 0 -> round = request
		:: else
		fi;
#endif
		if
		:: free -> offer = round
		:: else -> offer = 0
		fi
	:: done -> break
	od
}

/* The agent and the apply thread: a hint for the open round, and for no other. */
active proctype applier() {
	byte hint = 0;

	do
	:: atomic { offer != 0 && hint == 0 -> hint = offer };
		if
		:: atomic {
#ifdef BUG_NO_GATE
			hint <= open
#else
			open != 0 && hint == open
#endif
			-> applying = true
		   };
			d_step { clear_log(); bmap = false };
			applying = false
		:: else
		fi;
		hint = 0
	:: done -> break
	od
}

inline start_migration() {
	d_step { bmap = true; dest = 0 };
	sync();
	open_round()
}

inline passes() {
	pass = 0;
	do
	:: pass < PASSES ->
		if
		:: send()
		:: skip		/* the sender has not come to this page */
		fi;
		close_round();
		sync();
		open_round();
		pass++
	:: break
	od
}

active proctype migration() {
	byte pass;

	start_migration();
	passes();
	/* Cancelled; the guest runs on, and the region keeps what stands in it. */
	close_round();
#ifdef BUG_SAME_IDS
	next_id = 1;
#endif
	start_migration();
	passes();
	stopped = true;
	close_round();
	sync();
	/* The last pass: nothing may be hinted any more. */
	send();
	send();
#ifdef BUG_NO_GATE
	open = 0;
#endif
	!applying;
	assert(!(owned && written) || dest == content);
	done = true
}
