/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the agent since the last summary, and the summary itself.
 */
#ifndef FREEHINT_STATS_H
#define FREEHINT_STATS_H

#include "host-agent/common/freehint_status.h"
#include "include/freehint/types.h"
#include "migration_phase.h"

/**
 * struct agent_stats - counters since the last summary
 * @rounds:        rounds seen in the request line
 * @sealed:        rounds that the guest sealed
 * @declined:      sealed rounds that the guest declined
 * @aborted:       sealed rounds that the guest cut short
 * @superseded:    rounds that ended before everything was sent
 * @faulty:        rounds dropped because of what the guest wrote
 * @mismatched:    faulty rounds whose seal contradicts the bitmap
 * @pages_offered: pages sent in mark-clean commands
 * @ranges:        ranges sent in mark-clean commands
 * @batches:       mark-clean commands
 * @taken:         mark-clean commands that QEMU took: it has opened their round
 * @refused_late:  mark-clean commands refused because their round was over
 * @refused_other: mark-clean commands refused for another reason
 * @free_pages:    free pages that the guest counted in the last of them
 * @last_round_us: when an open round was last seen, monotonic microseconds
 */
struct agent_stats {
	u64 rounds;
	u64 sealed;
	u64 declined;
	u64 aborted;
	u64 superseded;
	u64 faulty;
	u64 mismatched;
	u64 pages_offered;
	u64 ranges;
	u64 batches;
	u64 taken;
	u64 refused_late;
	u64 refused_other;
	u64 free_pages;
	u64 last_round_us;
};

/**
 * struct migration_summary - data of one summary
 * @outcome:  how the migration ended
 * @total_ms: how long it took, milliseconds, 0 when QEMU did not report it
 * @stop_ms:  how long the guest was stopped, milliseconds, 0 when QEMU did not report it
 * @agent:    the agent's own counters
 * @before:   QEMU's counters before the migration
 * @after:    QEMU's counters and first round after it
 */
struct migration_summary {
	enum migration_outcome outcome;
	u64 total_ms;
	u64 stop_ms;
	const struct agent_stats *agent;
	const struct freehint_status *before;
	const struct freehint_status *after;
};

/**
 * struct give_back_summary - data of one summary of memory that was given back
 * @bytes:      given back since the guest was asked
 * @elapsed_us: from the command until the guest had nothing more to give, microseconds
 * @resident:   resident memory of QEMU afterwards, bytes
 */
struct give_back_summary {
	u64 bytes;
	u64 elapsed_us;
	u64 resident;
};

/** grown_by() - by how much has a counter grown? 0 if it counts anew since then */
static inline u64 grown_by(u64 after, u64 before)
{
	return after > before ? after - before : 0;
}

/** stats_print_give_back() - one line on stdout, for a human or (@json) as JSON */
void stats_print_give_back(const struct give_back_summary *sum, bool json);

/** stats_print_summary() - one line on stdout, for a human or (@json) as JSON */
void stats_print_summary(const struct migration_summary *sum, bool json);

/**
 * stats_print_event() - one JSON line on stdout
 * @name: event name
 * @key:  name of a text member, or NULL
 * @text: its value; any bytes, text that is not UTF-8 is left out
 */
void stats_print_event(const char *name, const char *key, const char *text);

#endif /* FREEHINT_STATS_H */
