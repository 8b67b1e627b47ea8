/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters and state for the guest's administrator, in debugfs under freehint/.
 * They tell numbers and times, never an address.
 */
#ifndef FREEHINT_GUEST_STATS_H
#define FREEHINT_GUEST_STATS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct dentry;
struct device;

/**
 * struct guest_stats - written by the worker alone, read by anyone at any time
 * @hellos:        hellos said, one per host instance if nothing else changed
 * @polls:         looks at the request line
 * @rounds_seen:   round ids that were new
 * @rounds_sealed: rounds scanned to the end
 * @rounds_declined: rounds the contract forbade
 * @rounds_aborted: scans cut short by a newer round, or by unload
 * @pages_last:    free pages reported in the last round
 * @pages_total:   the same, all rounds
 * @scan_us_last:  duration of the last scan, microseconds
 * @scan_us_max:   longest scan, microseconds
 * @hold_us_last:  longest hold of a zone lock in the last scan, microseconds
 * @hold_us_max:   the same, all scans
 * @irqoff_us_max: longest time with interrupts off, microseconds
 * @holds_last:    zone lock holds in the last scan
 * @said:          a hello stands in the region
 * @contract:      enum freehint_contract of the last hello
 * @refusal:       enum freehint_refusal of the last hello
 * @phase:         enum freehint_phase last seen
 * @version:       protocol version in use
 * @capacity:      pages the region's bitmap holds
 * @end_pfn:       one past the guest's highest page
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
	u64 irqoff_us_max;
	u64 holds_last;
	bool said;
	u16 contract;
	u16 refusal;
	u32 phase;
	u16 version;
	u64 capacity;
	u64 end_pfn;
	/* private: */
	const struct device *dev;
	struct dentry *dir;
};

#define guest_stats_set(field, value)	WRITE_ONCE(field, value)
#define guest_stats_add(field, value)	WRITE_ONCE(field, (field) + (value))

/** guest_stats_max() - keep the larger value in @field */
static inline void guest_stats_max(u64 *field, u64 value)
{
	if (value > *field)
		WRITE_ONCE(*field, value);
}

/**
 * guest_stats_show() - put the files into debugfs
 * @stats: counters; must outlive guest_stats_hide()
 * @dev:   device they belong to
 *
 * Where there is no debugfs nothing happens and nothing is lost.
 */
void guest_stats_show(struct guest_stats *stats, const struct device *dev);

/** guest_stats_hide() - take them out again; waits for readers */
void guest_stats_hide(struct guest_stats *stats);

#endif /* FREEHINT_GUEST_STATS_H */
