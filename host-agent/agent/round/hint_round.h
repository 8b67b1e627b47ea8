/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's side of one round: read the request, follow the guest's watermark, copy the
 * bitmap and convert it to ranges. docs/agent.md describes the steps.
 */
#ifndef FREEHINT_HINT_ROUND_H
#define FREEHINT_HINT_ROUND_H

#include "host-agent/agent/migration/stats.h"
#include "host-agent/common/bits_to_ranges.h"
#include "include/freehint/types.h"
#include "proto/host_snapshot.h"

/**
 * enum hint_state - state of a round as the agent sees it
 * @HINT_NONE:    no round is requested. Left when the request line names one.
 * @HINT_AWAITED: requested, but the guest has not started. Nothing may be copied.
 * @HINT_FLOWING: the guest publishes; words below the watermark are copied.
 * @HINT_SEALED:  the guest is done; the rest below the final watermark is copied, then
 *                the last batch is due.
 * @HINT_FAULTY:  the guest wrote invalid data. No more ranges are copied or returned; a
 *                last batch without ranges is due.
 * @HINT_DONE:    the last batch was sent. Nothing is left to do.
 * @HINT_STATES:  number of states
 *
 * When the request line names another round, or none, every state is left at once, and
 * all ranges that were not sent are dropped.
 */
enum hint_state {
	HINT_NONE,
	HINT_AWAITED,
	HINT_FLOWING,
	HINT_SEALED,
	HINT_FAULTY,
	HINT_DONE,
	HINT_STATES,
};

extern const char *const hint_state_names[HINT_STATES];

/**
 * struct hint_round - the current round
 * @reader:   the region
 * @stats:    counters
 * @state:    see enum hint_state; changed by set_state() only
 * @id:       round id from the request line
 * @phase:    enum freehint_phase of the request line, unchecked: any number
 * @mark:     highest watermark seen, pfn
 * @copied:   all words below this pfn were copied
 * @bits:     bits set in the copied words
 * @refusals: commands of this round that QEMU refused
 * @seal:     copy of the seal, valid in HINT_SEALED
 * @ranges:   conversion of the copied chunk
 * @words:    private copy of one chunk
 * @budget:   words that may still be copied before the next hint_round_poll()
 * @seen_us:  when the round was first seen, monotonic microseconds
 */
struct hint_round {
	struct freehint_reader reader;
	struct agent_stats *stats;
	enum hint_state state;
	u64 id;
	u32 phase;
	u64 mark;
	u64 copied;
	u64 bits;
	unsigned int refusals;
	struct freehint_guest_seal seal;
	struct bits_to_ranges ranges;
	u64 *words;
	u64 budget;
	u64 seen_us;
};

/** hint_round_init() - allocate the chunk buffer; Return: 0 or -ENOMEM */
int hint_round_init(struct hint_round *round, struct agent_stats *stats);

/** hint_round_free() - free the chunk buffer */
void hint_round_free(struct hint_round *round);

/**
 * hint_round_attach() - follow the request line of a mapped region
 * @round: round without a region
 * @base:  mapping; must stay mapped until hint_round_detach()
 * @size:  bytes
 *
 * Return: 0 or -EINVAL when no region fits @size.
 */
int hint_round_attach(struct hint_round *round, const void *base, u64 size);

/** hint_round_detach() - drop the region and everything that was read from it */
void hint_round_detach(struct hint_round *round);

/**
 * hint_round_poll() - read request, progress and seal; refill the work budget
 * @round: round with a region
 */
void hint_round_poll(struct hint_round *round);

/**
 * hint_round_fill() - copy and convert what the guest has published
 * @round: round
 * @out:   room for @max ranges
 * @max:   ranges wanted at most
 *
 * Stops at the watermark, at @max and at the work budget. When it returns less
 * than @max, check hint_round_complete() and hint_round_backlog().
 *
 * Return: number of ranges written. If the state is HINT_FAULTY afterwards, the caller
 * drops all ranges of this round that were not sent yet.
 */
unsigned int hint_round_fill(struct hint_round *round, struct freehint_range *out,
			     unsigned int max);

/** hint_round_flush() - end the open run and return it; Return: 0 or 1 range */
unsigned int hint_round_flush(struct hint_round *round, struct freehint_range *out);

/** hint_round_complete() - is the last batch due (after hint_round_flush())? */
bool hint_round_complete(const struct hint_round *round);

/** hint_round_backlog() - are there published words that were not converted yet? */
bool hint_round_backlog(const struct hint_round *round);

/** hint_round_is_active() - may ranges of the round be sent? */
bool hint_round_is_active(const struct hint_round *round);

/** hint_round_close() - mark the round as done, and drop its ranges: no more are sent */
void hint_round_close(struct hint_round *round);

/**
 * hint_round_refused() - QEMU refused ranges: count it, and close the round if it is futile
 * @round: current round
 * @id:    round that the refused command named
 * @desc:  QEMU's error description
 */
void hint_round_refused(struct hint_round *round, u64 id, const char *desc);

/** hint_round_is_requested() - does the request line still name round @id? */
bool hint_round_is_requested(const struct hint_round *round, u64 id);

#endif /* FREEHINT_HINT_ROUND_H */
