/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCG's dirty bits since QEMU 8.0: a sync reads and clears them and resets the TLBs,
 * so that the next write to the page is recorded.
 */

#define LOG_READY	true

bool log;

inline log_start() {
	log = false
}

inline log_write() {
	log = true
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

inline log_reset() {
	skip
}
