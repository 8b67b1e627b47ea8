/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long the migration thread waits for the hints of a round.
 */
#ifndef FREEHINT_HINT_WAIT_H
#define FREEHINT_HINT_WAIT_H

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/types.h"

/**
 * struct hint_wait - limits of one wait, microseconds
 * @idle_us:  it goes on when nothing has moved for so long
 * @total_us: and after so long in any case; 0: there is no wait
 * @too_late: there is none because the guest looks too seldom
 */
struct hint_wait {
	u64 idle_us;
	u64 total_us;
	bool too_late;
};

/*
 * What a guest that does not say is taken for: it is asleep in the first pass, and awake
 * in the later ones.
 */
static inline u64 hint_wait_guess(u32 pass)
{
	return pass == 1 ? FREEHINT_POLL_IDLE_US : FREEHINT_POLL_FAST_US;
}

/**
 * hint_wait_for() - the wait of a pass
 * @limit_us:  what the administrator chose for such a pass, microseconds; 0: no wait
 * @pass:      of the migration, from 1
 * @bytes:     guest memory: the larger, the longer the scan, a millisecond for each GiB
 * @notice_us: microseconds until the guest looks at the request, by its own word; 0: it
 *             does not say
 *
 * The time until the guest looks is added to the limit. A guest that takes longer for it
 * than both the limit and FREEHINT_POLL_IDLE_US is not waited for: its administrator chose
 * that, and the wait would be in vain most of the time.
 */
static inline struct hint_wait hint_wait_for(u64 limit_us, u32 pass, u64 bytes,
					     u64 notice_us)
{
	if (!limit_us)
		return (struct hint_wait){ .total_us = 0 };
	if (!notice_us)
		notice_us = hint_wait_guess(pass);
	if (notice_us > limit_us && notice_us > FREEHINT_POLL_IDLE_US)
		return (struct hint_wait){ .too_late = true };
	return (struct hint_wait){
		.idle_us = limit_us / 2 + notice_us,
		.total_us = limit_us + notice_us + (bytes >> 30) * 1000,
	};
}

#endif /* FREEHINT_HINT_WAIT_H */
