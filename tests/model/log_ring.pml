/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM's dirty ring: a write to a protected page leaves an entry; a reaper takes it
 * into the slot's bitmap and has KVM protect the page again, in two steps.
 */

#define LOG_READY	!slots_lock

bool protected;
bool entry;		/* in the ring */
bool slot;		/* bit of the slot's bitmap, where reaped entries wait */
bool reaped;		/* taken from the ring, not yet protected again */
bool slots_lock;	/* only one reaps at a time */

inline log_start() {
	protected = true;
	entry = false;
	slot = false
}

inline log_write() {
	entry = entry || protected;
	protected = false
}

inline harvest() {
	slot = slot || entry;
	reaped = entry;
	entry = false
}

inline protect() {
	protected = protected || reaped;
	reaped = false
}

/* A sync reaps what is left. The reaper thread may be at it: then it waits. */
inline log_sync() {
	harvest();
	protect();
	if
	:: slot -> set_dirty()
	:: else
	fi;
	slot = false
}

/* There is nothing to clear and nothing to arm: no window. */
inline log_clear() {
	skip
}

inline log_arm() {
	skip
}

inline log_reset() {
	skip
}

/* QEMU's reaper thread, at any time; the guest writes between its two steps. */
active proctype reaper() {
	do
	:: atomic { entry && !slots_lock -> slots_lock = true; harvest() };
		atomic { protect(); slots_lock = false }
	:: done -> break
	od
}
