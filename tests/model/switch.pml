/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A switch to postcopy over one page that may be skipped: guest, scanner, hint, the
 * record of skipped pages, QEMU's log and bitmap, the thread that makes pages zero, a timer
 * that syncs, and a switch that succeeds or fails.
 *
 * Theory of operation
 * -------------------
 * That the log is armed in time is round.pml's; here every write is logged. The guest's
 * processors write to the accelerator's log, which a sync fetches. Devices of QEMU write to
 * the migration's log itself, also in the middle of a sync. A sync moves that log to the
 * bitmap, from which QEMU sends. The migration thread looks at the bitmap after its own sync,
 * before it sends. What a timer's sync has moved may be sent before that. An operator can pause
 * the guest; the migration goes on, and the thread does not look then.
 *
 * Properties:
 * - when the guest runs on the destination, a page that never came, or was discarded,
 *   is dirty on the source: its request is answered;
 * - a page that the guest owns and has written arrives as written;
 * - a page that the guest owns and has written stays as it is on the source, also
 *   after a switch that failed.
 *
 * -DPAUSE puts the operator into the timer's place, so that there are not too many states.
 * Each -DBUG_ takes one rule out; one of the assertions must then fail.
 */

#define WRITES	2	/* writes of the guest */
#define PASSES	3	/* syncs before the switch */

/* The page in the guest; a version is a content, 0 reads as zero. */
bool owned = true;	/* allocated */
bool written = true;	/* since it was allocated: its content matters */
byte believed = 1;	/* what the guest wrote last */
byte memory = 1;	/* what the source holds */
bool stopped;		/* by the switch */
bool paused;		/* by the operator */
#define RUNS	(!stopped && !paused)

/* The log: not yet fetched from the accelerator; then not yet collected. */
bool unfetched;
bool migration_dirty;

/* QEMU's migration. */
bool bmap = true;	/* to be sent */
bool received;
byte dest;
bool bql;		/* a thread syncs, opens a round or hands over */

/* Ours. */
byte request;
byte open;		/* id of the open round, 0 when closed */
byte offer;		/* round for which the region says "free" */
bool applying;
bool skipped;
bool doubtful;		/* skipped before a sync that nobody looked after */
bool unlooked;		/* the migration thread synced with the guest paused */
bool handed_over;
bool zeroing;		/* the thread has not come to the page */
bool working;
bool done;

inline lock() {
	atomic { !bql -> bql = true }
}

inline fetch() {
	d_step {
		migration_dirty = migration_dirty || unfetched;
		unfetched = false
	}
}

inline collect() {
	d_step {
		bmap = bmap || migration_dirty;
		migration_dirty = false
	}
}

/* skipped_drop_dirty() */
inline drop_dirty() {
#ifndef BUG_NO_LOOK
	d_step {
		skipped = skipped && !bmap;
		doubtful = doubtful && !bmap
	}
#else
	skip
#endif
}

/* skipped_drop_logged() */
inline drop_logged() {
	fetch();
#ifndef BUG_NO_LOG
	d_step {
		skipped = skipped && !migration_dirty;
		doubtful = doubtful && !migration_dirty
	}
#endif
}

/* skipped_doubt() */
inline doubt() {
#ifndef BUG_NO_DOUBT
	d_step {
		doubtful = doubtful || skipped;
		skipped = false
	}
#else
	skip
#endif
}

/* make_up_for_looks() and look() */
#ifdef PAUSE
inline make_up() {
	if
	:: unlooked -> doubt(); unlooked = false
	:: else
	fi
}

inline look() {
	if
#ifdef BUG_NO_MAKE_UP
	:: paused
#else
	:: paused -> unlooked = true
#endif
	:: else -> make_up(); drop_dirty()
	fi
}
#else
inline make_up() {
	skip
}

inline look() {
	drop_dirty()
}
#endif

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
	:: atomic { RUNS && owned -> owned = false; written = false }
	:: atomic { RUNS && !owned -> owned = true }
	:: atomic { RUNS && owned && left > 0 ->
		left--;
		believed++;
		memory = believed;
		written = true;
		if
		:: unfetched = true
		:: migration_dirty = true	/* a device of QEMU */
		fi
	   }
	:: atomic { RUNS -> assert(!(owned && written) || memory == believed) }
	:: done -> break
	od
}

/* Looks after the request, under the zone's lock. */
active proctype scanner() {
	byte round;
	bool free;

	do
	:: atomic { RUNS && request != 0 -> round = request };
end_look:	atomic { RUNS -> free = !owned };
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
	open = id;
	request = id
}

/* Of the migration thread; what devices write between the two steps is collected, too. */
inline sync() {
	lock();
	close_round();
#ifdef BUG_LOOK_EARLY
	fetch();
	drop_logged();
	collect();
#else
	fetch();
	collect();
	look();
#endif
	bql = false
}

#ifndef PAUSE
/* Auto-converge's, in the main loop. The migration thread sends meanwhile, and afterwards. */
active proctype timer() {
	if
	:: lock();
		if
		:: !handed_over ->
			close_round();
			doubt();
			fetch();
			collect()
		:: else
		fi;
		bql = false
	:: done
	fi
}

#else
/* Pauses the guest once, and lets it go on or not. Holds the BQL for it. */
active proctype operator() {
	if
	:: atomic { !bql && !stopped -> paused = true };
		if
		:: atomic { !bql -> paused = false }
		:: done
		fi
	:: done
	fi
}

#endif
/* log_synced() at the switch, then the collection and the discards. */
inline hand_over() {
	lock();
	close_round();
	make_up();
	drop_logged();
	handed_over = true;
	d_step {
#ifndef BUG_NO_REDIRTY
		migration_dirty = migration_dirty || skipped || doubtful;
#endif
		bmap = bmap || migration_dirty;
		migration_dirty = false;
		received = received && !bmap
	};
	zeroing = true;
	bql = false
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
		lock();
		open_round(pass);
		bql = false;
		if
		:: send()
		:: skip
		fi;
		sync();
		pass++
	:: break
	od;
	/* a switch may come while a round is open */
	if
	:: lock();
		open_round(pass);
		bql = false
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
