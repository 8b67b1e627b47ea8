/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turns the allocator's free pages into the bitmap of the open round, in address
 * order. docs/guest-module.md explains why the bitmap is valid.
 */
#ifndef FREEHINT_FREE_SCAN_H
#define FREEHINT_FREE_SCAN_H

#include "../../proto/guest_publish.h"

/**
 * struct free_scan_result - what a scan did
 * @status:    FREEHINT_SEAL_COMPLETE or FREEHINT_SEAL_ABORTED
 * @holds:     number of zone lock holds
 * @hold_ns:   longest hold of a zone lock, nanoseconds; with PREEMPT_RT this includes
 *             the time in which the thread was preempted
 * @held_ns:   all holds together, nanoseconds
 * @irqoff_ns: longest time with interrupts off, nanoseconds: the wait for the
 *             lock and the hold; 0 with PREEMPT_RT, where interrupts stay on
 * @scan_ns:   duration of the scan, nanoseconds
 *
 * The times are guest time. They include the time in which the host does not run this
 * vCPU.
 */
struct free_scan_result {
	u32 status;
	u64 holds;
	u64 hold_ns;
	u64 held_ns;
	u64 irqoff_ns;
	u64 scan_ns;
};

/**
 * struct free_scan_unreported - free pages that page reporting has not handed over since they
 *                               were used last, in pages of the region
 * @pages: all of them
 * @large: those in blocks of some order and above, in zones of which page reporting takes any
 */
struct free_scan_unreported {
	u64 pages;
	u64 large;
};

/**
 * free_scan_init() - register the notifier for memory that goes offline
 *
 * Context: may sleep. free_scan_exit() undoes it.
 *
 * Return: 0 or negative errno.
 */
int free_scan_init(void);

/** free_scan_exit() - unregister the notifier; no scan may run now or later */
void free_scan_exit(void);

/**
 * free_scan_publish() - fill the bitmap of the round that is open in @pub
 * @pub:            publisher, between freehint_open_round() and
 *                  freehint_seal_round()
 * @advance_blocks: blocks of the highest order between two steps of the watermark
 * @result:         filled
 *
 * Call it from a kthread; it may sleep. It returns early, with ABORTED, when the
 * thread should stop or the request line names another round.
 */
void free_scan_publish(struct freehint_publisher *pub, unsigned int advance_blocks,
		       struct free_scan_result *result);

/**
 * free_scan_count_unreported() - count the free pages that were not given back
 * @order: smallest order, of this kernel, of a block that is large
 * @may_continue: false when the count is of no use any more; asked all the time, may sleep
 * @data:  for @may_continue
 * @count: filled
 *
 * Walks all memory as a round does, for 1 ms or so for each GiB.
 *
 * One caller at a time. May sleep.
 *
 * Return: true; false if @may_continue ended the walk, and @count has no meaning.
 */
bool free_scan_count_unreported(unsigned int order, bool (*may_continue)(void *data), void *data,
				struct free_scan_unreported *count);

#endif /* FREEHINT_FREE_SCAN_H */
