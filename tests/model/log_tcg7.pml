/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCG's dirty bits before QEMU 8.0: a sync leaves the TLBs alone, and a write through
 * an entry that is writable already is not recorded. The extension resets them.
 */

#define LOG_READY	true

bool log;
bool hot;		/* a TLB entry lets writes through unrecorded */

inline log_start() {
	log = false
}

inline log_write() {
	log = log || !hot;
	hot = true
}

inline log_sync() {
	if
	:: log -> set_dirty()
	:: else
	fi;
	log = false
}

inline log_clear() {
	skip
}

inline log_arm() {
	skip
}

/* After every sync, whether a round is opened or not; every vCPU has obeyed. */
inline log_reset() {
#ifndef BUG_NO_TLB_RESET
	hot = false
#else
	skip
#endif
}
