/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A switch to postcopy over one page that may be skipped: guest, scanner, hint, the
 * record of skipped pages, QEMU's log with two clients, the thread that makes pages
 * zero, and a switch that succeeds or fails.
 *
 * Theory of operation
 * -------------------
 * That the log is armed in time is round.pml's; here every write is logged. What is
 * logged goes to two clients when it is fetched: to the migration, which collects it
 * in a sync, and to the display's bits, which nobody but skipped.c takes.
 *
 * Properties:
 * - when the guest runs on the destination, a page that never came, or was discarded,
 *   is dirty on the source: its request is answered;
 * - a page that the guest owns and has written arrives as written;
 * - a page that the guest owns and has written stays as it is on the source, also
 *   after a switch that failed.
 *
 * Each -DBUG_ takes one rule out; one of the assertions must then fail.
 */

#define WRITES	3	/* writes of the guest */
#define PASSES	3	/* syncs before the switch */

/* The page in the guest; a version is a content, 0 reads as zero. */
bool owned = true;	/* allocated */
bool written = true;	/* since it was allocated: its content matters */
byte believed = 1;	/* what the guest wrote last */
byte memory = 1;	/* what the source holds */
bool stopped;

/* The log: not yet fetched from the accelerator; then dirty to each client. */
bool unfetched;
bool migration_dirty;
bool display_dirty = true;

/* QEMU's migration. */
bool bmap = true;	/* to be sent */
bool received;
byte dest;

/* Ours. */
byte request;
byte open;		/* id of the open round, 0 when closed */
byte offer;		/* round for which the region says "free" */
bool applying;
bool skipped;
bool zeroing;		/* the thread has not come to the page */
bool working;
bool done;

inline fetch() {
	migration_dirty = migration_dirty || unfetched;
	display_dirty = display_dirty || unfetched;
	unfetched = false
}

/* skipped_drop_written() */
inline forget_written() {
	d_step {
		fetch();
#ifndef BUG_NO_LOG
		skipped = skipped && !display_dirty;
#endif
		display_dirty = false
	}
}

inline collect() {
	bmap = bmap || migration_dirty;
	migration_dirty = false
}

inline send() {
	if
	:: bmap ->
		bmap = false;
		received = true;
		dest = memory
	:: else
	fi
}

active proctype guest() {
	byte left = WRITES;

	do
	:: atomic { !stopped && owned -> owned = false; written = false }
	:: atomic { !stopped && !owned -> owned = true }
	:: atomic { !stopped && owned && left > 0 ->
		left--;
		believed++;
		memory = believed;
		unfetched = true;
		written = true
	   }
	:: atomic { !stopped -> assert(!(owned && written) || memory == believed) }
	:: done -> break
	od
}

/* Looks after the request, under the zone's lock. */
active proctype scanner() {
	byte round;
	bool free;

	do
	:: atomic { !stopped && request != 0 -> round = request };
end_look:	atomic { !stopped -> free = !owned };
		if
		:: free -> offer = round
		:: else
		fi
	:: done -> break
	od
}

active proctype applier() {
	byte hint;

	do
	:: atomic { offer != 0 -> hint = offer };
		if
		:: atomic { open != 0 && hint == open -> applying = true };
			skipped = true;
			bmap = false;
			applying = false
		:: skip
		fi
	:: done -> break
	od
}

/* zero_thread.c */
active proctype zero_thread() {
	do
	:: atomic { zeroing && skipped -> zeroing = false; working = true };
		memory = 0;
		working = false
	:: done -> break
	od
}

inline close_round() {
	open = 0;
#ifndef BUG_NO_WAIT
	!applying;
#endif
	request = 0
}

inline open_round(id) {
#ifndef BUG_TAKE_LATE
	forget_written();
#endif
	open = id;
	request = id;
#ifdef BUG_TAKE_LATE
	forget_written()
#endif
}

/* log_synced() at the switch, then the collection and the discards. */
inline hand_over() {
	close_round();
	forget_written();
	d_step {
#ifndef BUG_NO_REDIRTY
		migration_dirty = migration_dirty || skipped;
#endif
		collect();
		received = received && !bmap
	};
	zeroing = true
}

/* The guest comes back; zero_thread_stop() waits for the thread. */
inline fail_switch() {
#ifndef BUG_ZERO_ON
	zeroing = false;
	!working;
#endif
	stopped = false
}

inline run_there() {
	assert(received || bmap);
	send();
	assert(!(owned && written) || dest == believed)
}

active proctype migration() {
	byte pass = 1;

	do
	:: pass <= PASSES ->
		open_round(pass);
		if
		:: send()
		:: skip
		fi;
		close_round();
		d_step { fetch(); collect() };
		pass++
	:: break
	od;
	/* a switch may come while a round is open */
	if
	:: open_round(pass)
	:: skip
	fi;
	stopped = true;
	hand_over();
	if
	:: run_there()
	:: fail_switch()
	fi;
	done = true
}
