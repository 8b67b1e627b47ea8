/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hint round over one page: guest, scanner, dirty log, sync, send, hint, in two
 * migrations of which the first is cancelled or ends on the other host.
 *
 * Theory of operation
 * -------------------
 * One page is enough: a hint, a sync and a send treat pages independently, except
 * that the log of a whole chunk is cleared when any of its pages is sent or hinted.
 * That is neighbour(): the clear that comes for no reason of this page's own.
 *
 * The dirty log is one of four, each in a file of its own, chosen by -DLOG_...: KVM's
 * bitmap with the deferred clear, KVM's ring, TCG before and since QEMU 8.0. Each
 * provides log_start(), log_write(), log_sync(), log_clear() and log_arm(). With
 * -DZERO the guest runs with init_on_free=1.
 *
 * Properties, whenever the guest begins to run on a destination:
 * - a page that it owns and has written reads as it was last written;
 * - a page of an init_on_free guest that it has not written since reads as zero;
 * - QEMU's count of dirty pages is right; a migration with a wrong one never ends.
 *
 * Each -DBUG_ takes one safety rule out; one of the assertions must then fail.
 *
 * Left out, because nothing here depends on it: how the guest's words cross the
 * shared memory (publish.pml); a switch to postcopy (switch.pml).
 */

#ifndef WRITES
#define WRITES	2	/* writes of the guest in one run */
#endif
#ifndef PASSES
#define PASSES	2	/* syncs of a migration between the first and the last */
#endif

/* The page in the guest; a version is a content, 0 reads as zero. */
bool owned = true;	/* allocated */
bool written = true;	/* since it was allocated: its content matters */
byte content = 1;
byte version = 1;	/* last one drawn */
bool stopped;		/* the guest stands still */

/* QEMU's migration. */
bool bmap;		/* dirty bitmap: to be sent */
byte count;		/* of set bits in it, as QEMU keeps it */
byte dest;		/* version the destination holds */
byte pass;		/* 1 in the first */

/* The round. */
byte request;		/* request line, 0 for none */
byte open;		/* gate: id of the open round, 0 when closed */
bool stale;		/* a timer has synced since the migration thread did */
bool applying;
byte offer;		/* round for which the region says "free", 0 for none */
byte next_id = 1;
bool done;

#if defined(LOG_RING)
#include "log_ring.pml"
#elif defined(LOG_TCG7)
#include "log_tcg7.pml"
#elif defined(LOG_TCG8)
#include "log_tcg8.pml"
#else
#include "log_kvm.pml"
#endif

/* Under QEMU's bitmap lock, or in the migration thread with nobody applying. */
inline set_dirty() {
	count = count + (1 - bmap);
	bmap = true
}

inline clear_dirty() {
	count = count - bmap;
	bmap = false
}

inline send() {
	if
	:: bmap ->
		d_step { log_clear(); clear_dirty() };
		/* the content is read after the log was cleared */
		dest = content
	:: else
	fi
}

/* Another page of the chunk is sent or hinted: the log of all of them is cleared. */
inline neighbour() {
	d_step { log_clear() }
}

/*
 * Arming is done without QEMU's big lock, and a timer of the main loop may sync
 * meanwhile (auto-converge): with a deferred clear, what was armed before is not any
 * more. The migration thread sees it and opens no round.
 */
inline timer_sync() {
	d_step { LOG_READY -> log_sync() };
	log_reset();
#ifndef BUG_NO_RESYNC_CHECK
	stale = true
#endif
}

inline open_round() {
#ifndef BUG_NO_ARM
	log_arm();
#endif
	if
	:: timer_sync()
	:: skip
	fi;
	if
	:: !stale ->
		open = next_id;
		request = next_id;
		next_id++
	:: else
	fi;
	stale = false
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

/* Allocates, writes, frees and starts anew as long as it runs. */
active proctype guest() {
	do
	:: atomic { !stopped && owned ->
#ifdef ZERO
		if
		:: content != 0 -> content = 0; log_write()
		:: else
		fi;
#endif
		owned = false;
		written = false
	   }
	:: atomic { !stopped && !owned -> owned = true }
	:: atomic { !stopped && owned && version <= WRITES ->
		version++;
		content = version;
		log_write();
		written = true
	   }
	/* reset or kexec: the firmware or the new kernel owns what was free */
#ifndef ZERO
	:: atomic { !stopped && version <= WRITES -> owned = true; written = false }
#endif
	:: done -> break
	od
}

/* A guest whose free pages must read as zero reports in the first pass only. */
#if defined(ZERO) && !defined(BUG_ZERO_LATE)
#define DECLINE	(pass > 1)
#else
#define DECLINE	false
#endif

/*
 * freehint.ko: acquires the request, then looks under the zone's lock, then
 * publishes, or dies on the way and leaves what stood there or nothing.
 */
active proctype scanner() {
	byte round, served;
	bool free, decline;

	do
	:: atomic { !stopped && request != 0 && request != served ->
		round = request;
		served = request;
		decline = DECLINE
	   };
end_look:	atomic { !stopped -> free = !owned && !decline };
#ifdef BUG_LOOK_EARLY
		/* labels what it saw with the id it reads now */
end_label:	atomic { !stopped ->
			if
			:: request != 0 -> round = request
			:: else
			fi
		};
#endif
end_put:	atomic { !stopped ->
			if
			:: free -> offer = round
			:: offer = 0
			:: skip
			fi;
			free = false;
			decline = false;
			round = 0
		}
	:: done -> break
	od
}

#if defined(BUG_NO_GATE)
#define MAY_APPLY	(hint <= open)
#else
#define MAY_APPLY	(open != 0 && hint == open)
#endif

/* The agent and the apply thread: a hint for the open round, and for no other. */
active proctype applier() {
	byte hint;

	do
	:: atomic { offer != 0 -> hint = offer };
		do
		:: atomic { MAY_APPLY -> applying = true };
			d_step { log_clear(); clear_dirty() };
			applying = false;
			break
		/* lost on the way, late, or the agent was killed */
		:: break
		od;
		hint = 0
	:: done -> break
	od
}

inline sync() {
	d_step { LOG_READY ->
		log_sync();
		pass++
	}
}

/*
 * What follows a sync; a round is opened or, for any reason, not: the guest has no module, the
 * last round has not paid yet, QEMU is about to stop the guest.
 */
inline after_sync() {
	log_reset();
	if
	:: open_round()
	:: skip
	fi
}

/* QEMU excludes discarded pages from its count without a lock until SETUP. */
inline finish_setup() {
	seen = count;
	count = seen;
	seen = 0
}

inline start_migration() {
	d_step {
		bmap = true;
		count = 1;
		dest = 0;
		pass = 0;
		log_start()
	};
	sync();
#ifdef BUG_OPEN_IN_SETUP
	after_sync();
	finish_setup()
#else
	finish_setup();
	after_sync()
#endif
}

inline passes() {
	do
	:: pass <= PASSES ->
		if
		:: send()
		:: neighbour()
		:: skip		/* the sender has not come to this chunk */
		fi;
		close_round();
		sync();
		after_sync()
	:: break
	od
}

/* The last pass, with the guest stopped: nothing may be hinted any more. */
inline switch_over() {
	stopped = true;
	close_round();
	sync();
	send();
#ifdef BUG_NO_GATE
	open = 0;
#endif
	!applying;
	assert(!(owned && written) || dest == content);
#ifdef ZERO
	assert((owned && written) || dest == 0);
#endif
	assert(count == bmap)
}

/* What stands in the region stays: it migrates, and survives the process. */
active proctype migration() {
	byte seen;

	start_migration();
	passes();
	if
	:: close_round()	/* cancelled; the guest runs on */
	:: switch_over();
		d_step { content = dest; stopped = false }
	fi;
#ifdef BUG_SAME_IDS
	next_id = 1;
#endif
	start_migration();
	passes();
	switch_over();
	done = true
}
