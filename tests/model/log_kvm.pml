/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM's dirty bitmap with manual protection: a sync reads it, the clear that makes
 * the page write-protected again comes later, with its chunk.
 */

#define LOG_READY	true

bool log = true;	/* KVM's bit; set: the page is writable, a write leaves no trace */
bool pending;		/* read by a sync, not yet cleared: QEMU's clear_bmap */
bool fetched;		/* what that sync read; only such bits are cleared */

/* KVM_DIRTY_LOG_INITIALLY_SET: everything counts as written. */
inline log_start() {
	log = true;
	pending = false;
	fetched = false
}

inline log_write() {
	log = true
}

inline log_sync() {
	if
	:: log -> set_dirty()
	:: else
	fi;
	fetched = log;
	pending = true
}

inline log_clear() {
	log = log && !(pending && fetched);
	pending = false
}

inline log_arm() {
	d_step { log_clear() }
}

inline log_reset() {
	skip
}
