/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the next pass of a give-back session may begin, and how much it may give back.
 */
#ifndef FREEHINT_PACE_H
#define FREEHINT_PACE_H

#ifdef __KERNEL__
#include <linux/jiffies.h>
#endif

#include "first_drain.h"
#include "free_count.h"
#include "settled.h"

/* Time between two looks at how much is free, jiffies. */
#define PACE_LOOK	(2 * HZ)

/**
 * struct pace - pace of one session of giving back
 * @may_continue: false when the session is over; may sleep
 * @data:       for @may_continue
 * @settled:    how much has stayed free since the first drain
 * @order:      for which @settled was counted
 * @unsettled:  pages that could be given back and that the last pace_budget() held back, for
 *              they may be used soon
 * @count:      the last count of free pages
 * @drain:      the first drain
 * @refusal_pause: pause after the next refusal, jiffies
 * @not_before: earliest time of the next pass, jiffies; may be read at any time, the rest
 *              belongs to the work item of the session
 */
struct pace {
	bool (*may_continue)(void *data);
	void *data;
	struct settled settled;
	unsigned int order;
	u64 unsettled;
	struct free_count count;
	struct first_drain drain;
	unsigned long refusal_pause;
	unsigned long not_before;
};

/** pace_begin() - a session begins, or goes on with another request; the callback is set */
void pace_begin(struct pace *pace);

/**
 * pace_budget() - how much the next passes may give back
 * @pace:  pace
 * @leave: pages that stay free in the guest
 * @order: smallest order, of this kernel, of a block that can be given back
 * @drained: the session was drained before, so only what has settled is given back
 * @budget:  pages
 *
 * May sleep, and counts the free pages if it has to: 1 ms for each GiB of the guest. Before
 * the drain it counts again when what the last count found is given, or 20 times as long as
 * that count took is over.
 *
 * Return: true; false if the session was over meanwhile, and nothing is known.
 */
bool pace_budget(struct pace *pace, u64 leave, unsigned int order, bool drained, u64 *budget);

/** pace_is_settled() - Return: true if the last budget held back no block of 2^@order pages */
bool pace_is_settled(const struct pace *pace, unsigned int order);

/**
 * pace_count_again() - the last budget was too small for more; is it an old one?
 *
 * Return: true if it is: the next pace_budget() counts, for programs may have freed memory.
 */
bool pace_count_again(struct pace *pace);

/**
 * pace_drain_is_over() - is the first drain over, although its last pass gave memory back?
 * @pace:  pace
 * @handed: blocks that the kernel handed over in the pass; nobody of ours cut it short
 * @order:  smallest order, of this kernel, of a block that can be given back
 *
 * Return: as first_drain_is_over().
 */
bool pace_drain_is_over(struct pace *pace, unsigned int handed, unsigned int order);

/** pace_given() - @pages were given back */
void pace_given(struct pace *pace, u64 pages);

/** pace_after_refusal() - Return: pause after an offer that was not taken, jiffies */
unsigned long pace_after_refusal(struct pace *pace);

/** pace_after_pass() - there may be more; Return: pause before the next pass, jiffies */
unsigned long pace_after_pass(struct pace *pace, bool drained);

/** pace_after_last() - nothing more was found; Return: pause before the next look, jiffies */
unsigned long pace_after_last(struct pace *pace, bool drained);

/**
 * pace_wait() - may the next pass begin?
 *
 * Somebody else may have queued the work item before the pause is over. Any context.
 *
 * Return: what is left of the last pause, jiffies; 0 if it is over.
 */
unsigned long pace_wait(const struct pace *pace);

#endif /* FREEHINT_PACE_H */
