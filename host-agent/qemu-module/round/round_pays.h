/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decides whether another round of a migration pays: what the last one cost, and how long QEMU
 * has been sending since. Call everything in the migration thread, with the BQL.
 */
#ifndef FREEHINT_ROUND_PAYS_H
#define FREEHINT_ROUND_PAYS_H

#include "../../../include/freehint/types.h"

/*
 * QEMU has to send for this many times the cost of a round before the next one opens: rounds
 * delay a migration by a twentieth at most.
 */
#define ROUND_PAYS_TIMES	20
/* The same after a round in which hardly anything was free: by a hundredth at most. */
#define ROUND_PAYS_TIMES_SCARCE	100

/* Less than this part of a guest's memory is hardly anything. */
#define ROUND_PAYS_SCARCE_PART	128

/* Warn after this many syncs that came too early for a round. */
#define ROUND_PAYS_WARN		16

/**
 * struct round_cost - what the last round cost
 * @arm_us:  time to arm the log, microseconds
 * @wait_us: time that the migration thread waited for the hints
 */
struct round_cost {
	u64 arm_us;
	u64 wait_us;
};

/** round_pays_reset() - no round yet: the first one always pays */
void round_pays_reset(void);

/** round_pays_start() - the log is about to be armed for a round */
void round_pays_start(void);

/** round_pays_armed() - it is armed; the round opens, or is given up */
void round_pays_armed(void);

/**
 * round_pays_next() - what another round of this migration is likely to cost
 * @wait_max_us: as for round_pays_cost()
 *
 * Return: microseconds, 0 before the first round.
 */
u64 round_pays_next(u64 wait_max_us);

/** round_pays_end() - the wait of the round is over, QEMU sends */
void round_pays_end(void);

/**
 * round_pays_cost() - what another round is likely to cost
 * @last:      what the last one did
 * @wait_max_us: longest wait of the next one. The first wait of a migration is longer than any
 *             later one, and without a peer that answers there is none
 *
 * Return: microseconds.
 */
static inline u64 round_pays_cost(const struct round_cost *last, u64 wait_max_us)
{
	return last->arm_us + (last->wait_us < wait_max_us ? last->wait_us : wait_max_us);
}

/**
 * round_pays() - has QEMU sent anything since the last round, and for long enough?
 * @wait_max_us: longest wait of the next one, microseconds
 * @round:     the last one: more is asked for if it was sealed and hardly anything was free
 *
 * If not, the sync is counted, and a migration in which that happens often warns once.
 *
 * Return: true if another round pays.
 */
bool round_pays(u64 wait_max_us, u64 round);

#endif /* FREEHINT_ROUND_PAYS_H */
