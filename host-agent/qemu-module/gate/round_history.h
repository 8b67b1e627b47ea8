/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The closed rounds of the last migration, for x-query-freehint. The round gate's lock guards them.
 */
#ifndef FREEHINT_ROUND_HISTORY_H
#define FREEHINT_ROUND_HISTORY_H

#include "../../../include/freehint/types.h"

/**
 * struct gate_round - a round and its times, for x-query-freehint
 * @id:          round id, FREEHINT_NO_ROUND before the first round
 * @pass:        pass of the migration, from 1
 * @sync_us:     clock_us() at the end of the sync. The other times are microseconds since
 *               then, 0 if the event has not happened
 * @request_us:  the round was published to the guest
 * @command_us:  the first mark-clean arrived
 * @seal_us:     the guest had sealed the round
 * @first_us:    the first range was cleared in the dirty bitmap
 * @last_us:     the latest range was cleared
 * @waited_us:   time that the migration thread waited for the hints
 * @accepted:    pages applied
 * @cleared:     applied pages that were dirty before
 * @last_seen:   the peer sent "last": no more ranges will come
 */
struct gate_round {
	u64 id;
	u32 pass;
	u64 sync_us;
	u64 request_us;
	u64 command_us;
	u64 seal_us;
	u64 first_us;
	u64 last_us;
	u64 waited_us;
	u64 accepted;
	u64 cleared;
	bool last_seen;
};

/* Number of rounds kept per migration: the latest ones. */
#define GATE_PAST	64

/**
 * struct round_history - the latest closed rounds of a migration, 0 before the first
 * @first: its first round
 * @past:  a ring
 * @count: rounds that were added, including overwritten ones
 */
struct round_history {
	struct gate_round first;
	struct gate_round past[GATE_PAST];
	u32 count;
};

/** round_history_add() - a round was closed */
void round_history_add(struct round_history *history, const struct gate_round *round);

/** round_history_correct() - the numbers of the round that was added last have changed */
void round_history_correct(struct round_history *history, const struct gate_round *round);

/** round_history_copy() - see gate_past() */
u32 round_history_copy(const struct round_history *history, struct gate_round *past);

#endif /* FREEHINT_ROUND_HISTORY_H */
