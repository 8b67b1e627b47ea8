/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last count of free pages: how much of them may be given back, and when counting is due again,
 * since it takes long.
 */
#ifndef FREEHINT_FREE_COUNT_H
#define FREEHINT_FREE_COUNT_H

#include "../scan/free_scan.h"

/**
 * struct free_count - the last count
 * @allowed: pages that it found beyond what stays, less what was given since
 * @shared:  the last passes used an earlier count
 * @took:    jiffies that it took
 * @ended:   when it was over, jiffies
 */
struct free_count {
	u64 allowed;
	bool shared;
	unsigned long took;
	unsigned long ended;
};

/** free_count_begin() - a session begins: what was counted before does not count */
void free_count_begin(struct free_count *count);

/**
 * free_count_share() - may the next passes use the last count?
 *
 * Return: true until what it found is given, or 20 times as long as it took is over.
 */
bool free_count_share(struct free_count *count);

/** free_count_forget() - the next passes use no count, or one that begins now */
void free_count_forget(struct free_count *count);

/**
 * free_count_run() - count now
 * @count: updated
 * @leave: pages that stay free in the guest
 * @order, @may_continue, @data, @found: as free_scan_count_unreported() has them
 *
 * May sleep, for 1 ms or so for each GiB of the guest.
 *
 * Return: as free_scan_count_unreported().
 */
bool free_count_run(struct free_count *count, u64 leave, unsigned int order,
		    bool (*may_continue)(void *data), void *data,
		    struct free_scan_unreported *found);

/** free_count_pause() - Return: jiffies until the next count, so that it has its share of time */
unsigned long free_count_pause(const struct free_count *count);

/**
 * free_count_drop() - what is allowed was too small for more; is it of an old count?
 *
 * Return: true if it is: free_count_share() says no, for programs may have freed memory.
 */
bool free_count_drop(struct free_count *count);

/** free_count_given() - @pages were given back */
void free_count_given(struct free_count *count, u64 pages);

#endif /* FREEHINT_FREE_COUNT_H */
