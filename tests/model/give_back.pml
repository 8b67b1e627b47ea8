/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who owns a block of free memory that is given back: the guest (page reporting, offers),
 * the agent (copies offers, is late, sends twice, is started again), the extension (takes,
 * discards in slices, answers), and what happens in between: the session ends, the guest
 * withdraws, a migration, a reset, a snapshot that is saved and reverted to, a device that
 * decodes no memory for a while: the guest's stores are lost, and it loads nothing.
 *
 * Property: the host never discards a block that the guest uses; and a guest that waits for
 * the host's answer waits for a host that will give one.
 *
 * The worst case of a migration is modelled: source and destination share the file behind
 * the guest's memory, so the source's discards would hit the guest that runs there.
 *
 * Single stores and loads are in offer.pml; here a step is a step of the protocol.
 */

#define BLOCKS		2
#define SESSIONS	2
#define OFFERS		2	/* offers in one session */
#define EVENTS		1	/* a migration, a reset, a reverted snapshot, or a dark device */

/* A sequence is made from the session: no reverted snapshot makes it a second time. */
#ifndef BUG_SEQUENCE_REPEATED
#define sequence_of(session, count)	((session) * (OFFERS + 1) + (count))
#else
#define sequence_of(session, count)	(count)
#endif

#define taken(s)	((s) * 4 + 1)
#define done(s)		((s) * 4 + 2)
#define declined(s)	((s) * 4 + 3)

/* A block, and the guest's part in an offer. */
#define FREE		0
#define USED		1
#define ISOLATED	2

#define NO_OFFER	0
#define OFFERED		1
#define WITHDRAWN	2

/* The extension. */
#define IDLE		0
#define CHECKING	1
#define DISCARDING	2
#define ANSWERED	3	/* a bug: answered, and not discarded yet */

/* The guest's memory, which the region is a part of. */
typedef memory {
	byte block[BLOCKS];
	byte part;		/* what the guest does about its offer */
	byte mine;		/* sequence of this offer */
	byte at;		/* its block */
	byte maker;		/* instance that it was made for */
	byte count;		/* offers made in this session */
	byte counted;		/* this session */
	byte echo;		/* the guest's hello */
	byte sequence;		/* lines of the guest */
	byte session;
	byte offered;
	byte answer;		/* lines of the host */
	byte asked;
	byte instance
}

memory ram, saved, nothing;

/* The two QEMUs. */
typedef extension {
	byte part;
	byte sequence;		/* what the command names */
	byte block;
	byte session		/* what it asks with */
}

extension qemu[2];
byte here;			/* the QEMU in which the guest runs */
byte sessions, instances = 1, events;
bool is_saved;
bool dark;			/* the device decodes no memory */

/* The agent's copy of an offer. */
byte copied, copied_block;

#define MAY_OFFER	(!dark && ram.part == NO_OFFER && ram.asked != 0 && ram.echo == ram.instance)
#define HOST_IS_SAME	(ram.instance == ram.maker)

/* What is not needed any more makes no more states. */
inline forget_offer() {
	ram.part = NO_OFFER; ram.mine = 0; ram.at = 0; ram.maker = 0
}

inline forget_command(q) {
	qemu[q].part = IDLE; qemu[q].sequence = 0; qemu[q].block = 0
}

/* May the guest look whether the host was first? */
#ifdef BUG_DARK_IS_NO_HOST
#define IS_OVER	true
#elif defined(BUG_NOT_REPEATED) || defined(BUG_NOT_WITHDRAWN)
#define IS_OVER	(!dark)
#else
#define IS_OVER	(!dark && ram.sequence != ram.mine)
#endif

#ifdef BUG_DARK_IS_NO_HOST
#define IS_TAKEN	(!dark && ram.answer == taken(ram.mine) && HOST_IS_SAME)
#else
#define IS_TAKEN	(ram.answer == taken(ram.mine) && HOST_IS_SAME)
#endif

proctype guest() {
	byte i;

end:	do
	/* The kernel allocates and frees. */
	:: atomic { i = 0;
		do
		:: i < BLOCKS - 1 -> i++
		:: break
		od;
		if
		:: ram.block[i] == FREE -> ram.block[i] = USED
		:: ram.block[i] == USED -> ram.block[i] = FREE
		:: MAY_OFFER && ram.block[i] == FREE &&
		   (ram.counted != ram.asked || ram.count < OFFERS) ->
			/* report() */
			ram.block[i] = ISOLATED;
#ifndef BUG_SEQUENCE_REPEATED
			if
			:: ram.counted != ram.asked -> ram.count = 0
			:: else -> skip
			fi;
#endif
			ram.counted = ram.asked;
			ram.count++;
			ram.at = i;
			ram.maker = ram.instance;
			ram.mine = sequence_of(ram.asked, ram.count);
			ram.session = ram.asked;
			ram.offered = i;
			ram.sequence = ram.mine;
			ram.part = OFFERED
		:: else -> skip
		fi }
	/* An answer, a second without one, unload, suspend, the end of the session. */
	:: atomic { ram.part == OFFERED ->
#ifdef BUG_NOT_WITHDRAWN
		if
		:: ram.answer != done(ram.mine) -> ram.sequence = 0
		:: else -> skip
		fi;
#else
		if
		:: !dark -> ram.sequence = 0
		:: else -> skip
		fi;
#endif
		ram.part = WITHDRAWN }
#ifndef BUG_NOT_REPEATED
	/* The withdrawal was lost. */
	:: atomic { ram.part == WITHDRAWN && !dark && ram.sequence == ram.mine -> ram.sequence = 0 }
#endif
	:: atomic { ram.part == WITHDRAWN && IS_OVER ->
		if
#ifndef BUG_PUT_BACK_ON_TIMEOUT
		:: IS_TAKEN ->
			/* Somebody will answer. */
			assert(qemu[here].part != IDLE &&
			       qemu[here].sequence == ram.mine)
		:: else ->
#else
		:: true ->
#endif
			ram.block[ram.at] = FREE;
			forget_offer()
		fi }
	/* guest_hello_publish() */
	:: atomic { !dark && ram.echo != ram.instance ->
#ifndef NO_CLEAR
		ram.sequence = 0;
#endif
		ram.echo = ram.instance }
	od
}

/* Slow, dead, stopped, started again: it may send its copy at any time, or never. */
proctype agent() {
end:	do
	:: atomic { ram.sequence != 0 -> copied = ram.sequence; copied_block = ram.offered }
	od
}

#define ASKS(q)	(qemu[q].session != 0 && here == q)

/* offer_stands() */
#ifdef BUG_OLD_SEQUENCE
#define STANDS(q)	true
#elif defined(NO_SESSION_CHECK)
#define STANDS(q)	(ram.sequence == qemu[q].sequence)
#else
#define STANDS(q)	(ram.sequence == qemu[q].sequence && ram.session == qemu[q].session)
#endif

proctype host(byte me) {
end:	do
	/* x-freehint-give-back; the guest's hello is there. */
	:: atomic { here == me && qemu[me].session == 0 && ram.echo == ram.instance &&
		    sessions < SESSIONS ->
		sessions++;
		qemu[me].session = sessions;
		ram.asked = sessions }
	:: atomic { ASKS(me) -> qemu[me].session = 0; ram.asked = 0 }
	/* x-freehint-discard: freehint_take_offer() in two steps */
	:: atomic { ASKS(me) && qemu[me].part == IDLE && copied != 0 ->
		qemu[me].sequence = copied;
		qemu[me].block = copied_block;
		ram.answer = taken(copied);
		qemu[me].part = CHECKING }
	:: atomic { qemu[me].part == CHECKING ->
		if
		:: STANDS(me) -> qemu[me].part = DISCARDING;
#ifdef BUG_ANSWER_BEFORE_DISCARD
			ram.answer = done(qemu[me].sequence);
			qemu[me].part = ANSWERED
#endif
		:: else ->
			ram.answer = declined(qemu[me].sequence);
			forget_command(me)
		fi }
	/* One slice more. A session that ends does not matter: the offer is taken. */
	:: atomic { qemu[me].part == DISCARDING ->
		assert(ram.block[qemu[me].block] != USED) }
#ifdef BUG_ANSWER_BEFORE_DISCARD
	:: atomic { qemu[me].part == ANSWERED ->
		assert(ram.block[qemu[me].block] != USED);
		forget_command(me) }
#endif
	/* The last slice is done, or the extension gives up. */
	:: atomic { qemu[me].part == DISCARDING ->
		if
		:: ram.answer = done(qemu[me].sequence)
		:: ram.answer = declined(qemu[me].sequence)
		fi;
		forget_command(me) }
	od
}

/* The guest is stopped, or the region is about to change hands. */
inline give_up() {
	if
	:: qemu[here].part != IDLE ->
		ram.answer = declined(qemu[here].sequence);
		forget_command(here)
	:: else -> skip
	fi
}

/* freehint_write_host_hello() of another QEMU, or of the same one after an event. */
inline new_instance() {
	qemu[here].session = 0;
	ram.asked = 0;
	ram.answer = 0;
	instances++;
	ram.instance = instances
}

inline copy_memory(to, from) {
	i = 0;
	do
	:: i < BLOCKS -> to.block[i] = from.block[i]; i++
	:: else -> break
	od;
	to.part = from.part; to.mine = from.mine; to.at = from.at; to.maker = from.maker;
	to.count = from.count; to.counted = from.counted; to.echo = from.echo;
	to.sequence = from.sequence; to.session = from.session; to.offered = from.offered;
	to.answer = from.answer; to.asked = from.asked; to.instance = from.instance;
	i = 0
}

proctype world() {
	byte i;

end:	do
	:: atomic { events < EVENTS -> events++;
		if
		:: true -> /* switch of a migration */
#ifndef BUG_DISCARD_AFTER_SWITCH
			give_up();
#endif
			qemu[here].session = 0;
			here = 1 - here;
			new_instance()
		:: true -> /* reset, crash, kexec: another kernel, which uses any page */
#ifndef BUG_DISCARD_AFTER_RESET
			give_up();
#endif
			ram.block[0] = USED;
			ram.block[1] = FREE;
			forget_offer();
			ram.echo = 0;
			ram.counted = 0;
			new_instance()
		:: is_saved -> /* loadvm */
#ifndef BUG_DISCARD_AFTER_LOADVM
			give_up();
#endif
			copy_memory(ram, saved);
			new_instance()
		:: true -> dark = true	/* a reset of the bus, which nobody has announced */
		fi;
		/* Reverted to after one event at most; forgotten, it makes fewer states. */
		copy_memory(saved, nothing);
		is_saved = false }
	:: atomic { dark -> dark = false }
	:: atomic { !is_saved && events < EVENTS -> /* savevm: the guest is stopped meanwhile */
		give_up();
		copy_memory(saved, ram);
		is_saved = true }
	od
}

init {
	atomic {
		ram.instance = 1;
		run guest();
		run agent();
		run host(0);
		run host(1);
		run world()
	}
}
