/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's side of one round: sees the request, follows the guest's watermark,
 * copies the bitmap and hands out ranges. The theory of operation is in hint_round.c.
 */
#ifndef FREEHINT_HINT_ROUND_H
#define FREEHINT_HINT_ROUND_H

#include "host-agent/common/bits_to_ranges.h"
#include "include/freehint/types.h"
#include "proto/host_snapshot.h"
#include "stats.h"

/**
 * enum hint_state - life of a round as the agent sees it
 * @HINT_NONE:    no round is asked for. Left when the request line names one.
 * @HINT_AWAITED: asked for, the guest has not begun. Nothing may be copied.
 * @HINT_FLOWING: the guest publishes; words below the watermark are copied.
 * @HINT_SEALED:  the guest is done; what is left below the final watermark is
 *                copied, then the last batch is due.
 * @HINT_FAULTY:  the guest wrote nonsense. Nothing is copied or handed out any
 *                more; a last batch without ranges is due.
 * @HINT_DONE:    the last batch is out. Nothing is left to do.
 *
 * Every state is left at once, and all that was not sent is dropped, when the
 * request line names another round or none.
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
 * @stats:    counts
 * @state:    see enum hint_state; changed by set_state() only
 * @id:       round id from the request line
 * @pass:     pass of the migration it belongs to
 * @phase:    enum freehint_phase of the request line, unchecked: a number
 * @mark:     highest watermark seen, pfn
 * @copied:   pages below this were copied, pfn
 * @bits:     bits set in what was copied
 * @seal:     copy of the seal, valid in HINT_SEALED
 * @ranges:   conversion of the copied chunk
 * @words:    private copy of one chunk
 * @budget:   words that may still be copied before the next hint_round_look()
 * @seen_us:  when the round was first seen, monotonic microseconds
 */
struct hint_round {
	struct freehint_reader reader;
	struct agent_stats *stats;
	enum hint_state state;
	u64 id;
	u32 pass;
	u32 phase;
	u64 mark;
	u64 copied;
	u64 bits;
	struct freehint_guest_seal seal;
	struct bits_to_ranges ranges;
	u64 *words;
	u64 budget;
	u64 seen_us;
};

/** hint_round_init() - allocate the chunk buffer; Return: 0 or -ENOMEM */
int hint_round_init(struct hint_round *round, struct agent_stats *stats);

/** hint_round_free() - give the buffer back */
void hint_round_free(struct hint_round *round);

/**
 * hint_round_attach() - follow the request line of a mapped region
 * @round: round without a region
 * @base:  mapping; the caller keeps it until hint_round_detach()
 * @size:  bytes
 *
 * Return: 0 or -EINVAL when no region fits @size.
 */
int hint_round_attach(struct hint_round *round, const void *base, u64 size);

/** hint_round_detach() - forget the region and what was read from it */
void hint_round_detach(struct hint_round *round);

/**
 * hint_round_look() - read request, progress and seal; refill the work budget
 * @round: round with a region
 */
void hint_round_look(struct hint_round *round);

/**
 * hint_round_fill() - copy and convert what the guest has published
 * @round: round
 * @out:   room for @max ranges
 * @max:   ranges wanted at most
 *
 * Stops at the watermark, at @max and at the work budget. When it returns less
 * than @max, look at hint_round_complete() and hint_round_backlog().
 *
 * Return: number of ranges written. Void, like all ranges of this round that were
 * not sent yet, when the state is HINT_FAULTY afterwards.
 */
unsigned int hint_round_fill(struct hint_round *round, struct freehint_range *out,
			     unsigned int max);

/** hint_round_cut() - take the run that is still open; Return: 0 or 1 range */
unsigned int hint_round_cut(struct hint_round *round, struct freehint_range *out);

/** hint_round_complete() - is the last batch due (after hint_round_cut())? */
bool hint_round_complete(const struct hint_round *round);

/** hint_round_backlog() - are there published words that were not converted? */
bool hint_round_backlog(const struct hint_round *round);

/** hint_round_close() - the last batch was sent */
void hint_round_close(struct hint_round *round);

/** hint_round_is_asked() - does the request line still name round @id? */
bool hint_round_is_asked(const struct hint_round *round, u64 id);

#endif /* FREEHINT_HINT_ROUND_H */
