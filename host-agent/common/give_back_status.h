/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The member "give-back" of the reply to x-query-freehint as a struct. Missing or invalid
 * members read as 0, as in freehint_status.h.
 */
#ifndef FREEHINT_GIVE_BACK_STATUS_H
#define FREEHINT_GIVE_BACK_STATUS_H

#include <jansson.h>

#include "include/freehint/limits.h"
#include "include/freehint/types.h"

#define GIVE_BACK_TEXT	FREEHINT_REASON_MAX

/**
 * enum give_back_mode - how long the extension asks the guest for its free memory
 * @GIVE_BACK_OFF:    not at all
 * @GIVE_BACK_ONCE:   until the guest finds nothing more to offer
 * @GIVE_BACK_ALWAYS: without end
 * @GIVE_BACK_MODES:  number of modes
 */
enum give_back_mode {
	GIVE_BACK_OFF,
	GIVE_BACK_ONCE,
	GIVE_BACK_ALWAYS,
	GIVE_BACK_MODES,
};

/* The modes as QMP spells them. */
extern const char *const give_back_mode_names[GIVE_BACK_MODES];

/**
 * struct give_back_status - what the extension reports about giving memory back
 * @known:      the extension has this member; false: it is too old
 * @mode:       what was asked for
 * @asking:     a session is open: the guest is asked at this moment
 * @drained:    the guest has found nothing more to offer
 * @paused:     why no session is open although @mode is not off, or ""
 * @refused:    what stands against giving back, or ""
 * @guest:      what the guest's hello says about it, or ""
 * @order:      smallest block that is worth an offer, 2^order pages
 * @leave_mib:  free memory that the guest keeps, MiB
 * @elapsed_us: from the command until the guest was drained, or so far, microseconds
 * @bytes:      discarded; all counters from here on count since QEMU started
 * @offers:     offers that reached the extension
 * @offers_done: offers discarded as a whole
 * @offers_declined: offers declined
 * @offers_stale: offers that the guest had withdrawn before
 * @discard_us: time to discard, microseconds
 * @hold_max_us: longest hold of QEMU's big lock, microseconds
 * @hold_cpu_max_us: most processor time in a hold, microseconds; 0 from older extensions
 * @resident:   resident memory of QEMU, bytes; now, not a counter
 * @guest_offers: offers that the guest made in this session
 */
struct give_back_status {
	bool known;
	enum give_back_mode mode;
	bool asking;
	bool drained;
	char paused[GIVE_BACK_TEXT];
	char refused[GIVE_BACK_TEXT];
	char guest[GIVE_BACK_TEXT];
	u64 order;
	u64 leave_mib;
	u64 elapsed_us;
	u64 bytes;
	u64 offers;
	u64 offers_done;
	u64 offers_declined;
	u64 offers_stale;
	u64 discard_us;
	u64 hold_max_us;
	u64 hold_cpu_max_us;
	u64 resident;
	u64 guest_offers;
};

/** give_back_status_parse() - fill @status from the whole reply to x-query-freehint */
void give_back_status_parse(struct give_back_status *status, const json_t *reply);

#endif /* FREEHINT_GIVE_BACK_STATUS_H */
