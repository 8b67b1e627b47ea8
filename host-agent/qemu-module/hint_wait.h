/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long the migration thread waits for the hints of a round.
 */
#ifndef FREEHINT_HINT_WAIT_H
#define FREEHINT_HINT_WAIT_H

#include "../../include/freehint/types.h"
#include "precopy.h"

/**
 * struct hint_wait - limits of one wait, microseconds
 * @idle_us:  it goes on when nothing has moved for so long
 * @total_us: and after so long in any case; 0: there is no wait
 */
struct hint_wait {
	u64 idle_us;
	u64 total_us;
};

/**
 * hint_wait_for() - the wait of a pass
 * @limits: what the administrator chose
 * @pass:   of the migration, from 1
 * @bytes:  guest memory: the larger, the longer the scan, a millisecond for each GiB
 * @woken:  reporting was started by this migration: guest and agent look ten times a
 *          second until they see it, and nothing moves before
 */
static inline struct hint_wait hint_wait_for(const struct precopy_limits *limits, u32 pass,
					     u64 bytes, bool woken)
{
	u64 us = pass == 1 ? limits->first_wait_us : limits->later_wait_us;

	if (!us)
		return (struct hint_wait){ 0, 0 };
	return (struct hint_wait){ pass == 1 && woken ? us : us / 2, us + (bytes >> 30) * 1000 };
}

#endif /* FREEHINT_HINT_WAIT_H */
