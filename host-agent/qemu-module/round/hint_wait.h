/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Computes how long the migration thread waits for the hints of a round.
 */
#ifndef FREEHINT_HINT_WAIT_H
#define FREEHINT_HINT_WAIT_H

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/types.h"

/**
 * struct hint_wait - limits of one wait, microseconds
 * @idle_us:  stop when nothing has moved for this time
 * @total_us: stop after this time; 0: do not wait
 * @more_us:  the most by which the wait may be extended, see hint_wait_go_on()
 * @too_late: do not wait, because the guest polls too seldom
 */
struct hint_wait {
	u64 idle_us;
	u64 total_us;
	u64 more_us;
	bool too_late;
};

/*
 * Poll interval that is assumed if the guest does not publish its own: slow in the first pass,
 * fast in later ones.
 */
static inline u64 hint_wait_guess(u32 pass)
{
	return pass == 1 ? FREEHINT_POLL_IDLE_US : FREEHINT_POLL_FAST_US;
}

/*
 * Hints of single pages take some 300 ns each from the bitmap to QEMU, and there can be
 * millions. QEMU needs longer to send a page with content: 500 ns are 64 Gbit/s. So a first
 * pass that waits on while they come is over sooner.
 */
#define HINT_WAIT_PAGE_NS	500
#define HINT_WAIT_SLICE_US	50000ULL

/*
 * Upper limit: QEMU needs 50 ms to send a GiB of zeros. A wait is never longer than sending would
 * be.
 */
#define HINT_WAIT_MORE_US	50000ULL

/* In a later pass the wait takes at most this part of the downtime limit. */
#define HINT_WAIT_DOWNTIME_PART	10

static inline u64 hint_wait_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

/*
 * QEMU may stop the guest after any later pass, and what the guest writes during the wait
 * before is then sent with the guest stopped. So the wait does not depend on the guest's size,
 * and there is none if the guest polls later than it would end.
 */
static inline struct hint_wait hint_wait_later(u64 limit_us, u64 notice_us, u64 downtime_us)
{
	u64 most = downtime_us / HINT_WAIT_DOWNTIME_PART;

	if (notice_us >= most)
		return (struct hint_wait){ .total_us = 0 };
	return (struct hint_wait){
		.idle_us = hint_wait_min(limit_us / 2 + notice_us, most),
		.total_us = hint_wait_min(limit_us + notice_us, most),
	};
}

/**
 * hint_wait_for() - compute the wait of a pass
 * @limit_us:  limit that the administrator chose for such a pass, microseconds; 0: no wait
 * @pass:      pass of the migration, from 1
 * @bytes:     guest memory; the first scan takes longer with more of it: a millisecond per GiB
 * @notice_us: microseconds until the guest polls, as it published; 0: unknown
 * @downtime_us: QEMU's downtime-limit; a later pass waits for a tenth of it at most
 *
 * The time until the guest polls is added to the limit. If it is longer than both the limit
 * and FREEHINT_POLL_IDLE_US there is no wait: the guest's administrator chose that interval,
 * and most waits would be in vain.
 *
 * Return: the limits of the wait.
 */
static inline struct hint_wait hint_wait_for(u64 limit_us, u32 pass, u64 bytes, u64 notice_us,
					     u64 downtime_us)
{
	if (!limit_us)
		return (struct hint_wait){ .total_us = 0 };
	if (!notice_us)
		notice_us = hint_wait_guess(pass);
	if (notice_us > limit_us && notice_us > FREEHINT_POLL_IDLE_US)
		return (struct hint_wait){ .too_late = true };
	if (pass > 1)
		return hint_wait_later(limit_us, notice_us, downtime_us);
	return (struct hint_wait){
		.idle_us = limit_us / 2 + notice_us,
		.total_us = limit_us + notice_us + (bytes >> 30) * 1000,
		.more_us = (bytes >> 30) * HINT_WAIT_MORE_US,
	};
}

/**
 * hint_wait_go_on() - what is left to wait after @wait->total_us have gone by
 * @wait:    the wait; its @total_us becomes the next slice, 0 if it is over
 * @cleared: dirty pages that were cleared in that time, 0 if nothing more is to come
 */
static inline void hint_wait_go_on(struct hint_wait *wait, u64 cleared)
{
	bool pays = cleared && cleared * HINT_WAIT_PAGE_NS >= wait->total_us * 1000;

	wait->total_us = pays ? hint_wait_min(HINT_WAIT_SLICE_US, wait->more_us) : 0;
	wait->more_us -= wait->total_us;
}

#endif /* FREEHINT_HINT_WAIT_H */
