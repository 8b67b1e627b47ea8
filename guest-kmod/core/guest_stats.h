/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters and state for the guest's administrator, in debugfs under freehint/. The
 * files show numbers and times, never an address.
 */
#ifndef FREEHINT_GUEST_STATS_H
#define FREEHINT_GUEST_STATS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "../compat/bar_memory_type.h"
#include "../../include/freehint/shm_layout.h"

struct dentry;
struct device;

/**
 * struct guest_stats - counters and state of one device
 * @hellos:        hellos published, one per host instance if no fact changed
 * @polls:         polls of the request line
 * @rounds_seen:   new round ids
 * @rounds_sealed: rounds scanned completely
 * @rounds_declined: rounds declined because the contract forbids reporting
 * @rounds_aborted: scans stopped early by a newer round or by unload
 * @pages_last:    free pages reported in the last round
 * @pages_total:   the same, all rounds
 * @scan_us_last:  duration of the last scan, microseconds
 * @scan_us_max:   longest scan, microseconds
 * @hold_us_last:  longest hold of a zone lock in the last scan, microseconds
 * @hold_us_max:   the same, all scans
 * @held_us_last:  all holds of the last scan together, microseconds
 * @irqoff_us_max: longest time with interrupts off, microseconds; 0 with PREEMPT_RT
 * @holds_last:    zone lock holds in the last scan
 * @hello_published: true while the guest's hello is in the region
 * @contract:      enum freehint_contract of the last hello
 * @refusal:       enum freehint_refusal of the last hello
 * @phase:         enum freehint_phase of the last poll
 * @version:       protocol version in use
 * @capacity:      bits (4 KiB pages) in the region's bitmap
 * @end_pfn:       one past the guest's highest pfn
 * @sessions:      sessions in which the host asked for free memory
 * @give_back:     counters of the last session in which free memory was given back
 * @give_back_status: enum freehint_give_back of the last hello
 *
 * Only round_worker.c writes them, and give_back_session.c writes @sessions and
 * @give_back. The readers in debugfs take no lock.
 */
struct guest_stats {
	u64 hellos;
	u64 polls;
	u64 rounds_seen;
	u64 rounds_sealed;
	u64 rounds_declined;
	u64 rounds_aborted;
	u64 pages_last;
	u64 pages_total;
	u64 scan_us_last;
	u64 scan_us_max;
	u64 hold_us_last;
	u64 hold_us_max;
	u64 held_us_last;
	u64 irqoff_us_max;
	u64 holds_last;
	bool hello_published;
	u16 contract;
	u16 refusal;
	u32 phase;
	u16 version;
	u64 capacity;
	u64 end_pfn;
	u64 sessions;
	struct freehint_give_back_state give_back;
	u32 give_back_status;
	/* private: */
	enum bar_memory_type memory_type;
	const struct device *dev;
	struct dentry *dir;
};

#define guest_stats_set(field, value)	WRITE_ONCE(field, value)
#define guest_stats_add(field, value)	WRITE_ONCE(field, (field) + (value))

/** guest_stats_max() - raise @field to @value if @value is larger; one writer only */
static inline void guest_stats_max(u64 *field, u64 value)
{
	if (value > *field)
		WRITE_ONCE(*field, value);
}

/** guest_stats_set_give_back() - show the counters of a session; one writer only */
static inline void guest_stats_set_give_back(struct guest_stats *stats,
					     const struct freehint_give_back_state *state)
{
	WRITE_ONCE(stats->give_back.drained, state->drained);
	WRITE_ONCE(stats->give_back.offers, state->offers);
	WRITE_ONCE(stats->give_back.pages, state->pages);
	WRITE_ONCE(stats->give_back.withdrawn, state->withdrawn);
}

/**
 * guest_stats_create() - create the files in debugfs
 * @stats: counters; must remain valid until guest_stats_remove() returns
 * @dev:   device that the counters belong to
 * @type:  memory type of the region's mapping
 *
 * May sleep. A kernel without debugfs gets no files; the module works all the same.
 */
void guest_stats_create(struct guest_stats *stats, const struct device *dev,
			enum bar_memory_type type);

/** guest_stats_remove() - remove the files; sleeps until the last reader has finished */
void guest_stats_remove(struct guest_stats *stats);

#endif /* FREEHINT_GUEST_STATS_H */
