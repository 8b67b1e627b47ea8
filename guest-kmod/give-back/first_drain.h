/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the first drain of a session of giving back is over, also in a guest that frees memory all
 * the time.
 */
#ifndef FREEHINT_FIRST_DRAIN_H
#define FREEHINT_FIRST_DRAIN_H

#include <linux/types.h>

/**
 * struct first_drain - the first drain
 * @still_to_give: pages that were free when the session began, less what was given since
 * @recounted:     @still_to_give was counted anew
 * @short_passes:  passes in a row that the kernel did not cut short
 */
struct first_drain {
	u64 still_to_give;
	bool recounted;
	unsigned int short_passes;
};

/** first_drain_begin() - a session begins: all that is free now is to be given */
void first_drain_begin(struct first_drain *drain);

/**
 * first_drain_is_over() - is it over, although its last pass gave memory back?
 * @drain:  first drain
 * @handed: blocks that the kernel handed over in the pass; nobody of ours cut it short
 * @order, @may_continue, @data: as free_scan_count_unreported() has them
 *
 * The guest may free memory as fast as it gives it back. So the drain ends with two passes in a
 * row of less than a batch, and when as much is given as was free when it began. What is free
 * then is counted once more, and given as well. Call it once for each pass. May sleep.
 *
 * Return: true if it is.
 */
bool first_drain_is_over(struct first_drain *drain, unsigned int handed, unsigned int order,
			 bool (*may_continue)(void *data), void *data);

/** first_drain_given() - @pages were given back */
void first_drain_given(struct first_drain *drain, u64 pages);

#endif /* FREEHINT_FIRST_DRAIN_H */
