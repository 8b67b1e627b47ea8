/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turns the allocator's free pages into the bitmap of the open round, in address
 * order. Why it may be believed is explained at the head of free_scan.c.
 */
#ifndef FREEHINT_FREE_SCAN_H
#define FREEHINT_FREE_SCAN_H

#include "../proto/guest_publish.h"

/**
 * struct free_scan_result - what a scan did
 * @status:    FREEHINT_SEAL_COMPLETE or FREEHINT_SEAL_ABORTED
 * @holds:     times a zone lock was held
 * @hold_ns:   longest hold of a zone lock, nanoseconds
 * @irqoff_ns: longest time with interrupts off, nanoseconds: the wait for the
 *             lock and the hold
 * @scan_ns:   duration of the scan, nanoseconds
 *
 * The times are the guest's: while the host runs somebody else they go on.
 */
struct free_scan_result {
	u32 status;
	u64 holds;
	u64 hold_ns;
	u64 irqoff_ns;
	u64 scan_ns;
};

/** free_scan_init() - watch memory going offline; undone by free_scan_exit() */
int free_scan_init(void);

/** free_scan_exit() - no scan runs any more and none will */
void free_scan_exit(void);

/** free_scan_end_pfn() - one past the highest pfn that may ever be free */
u64 free_scan_end_pfn(void);

/**
 * free_scan_publish() - fill the bitmap of the round that is open in @pub
 * @pub:            publisher, between freehint_open_round() and
 *                  freehint_seal_round()
 * @advance_blocks: blocks of the highest order between two steps of the watermark
 * @result:         filled
 *
 * Runs in a kthread and may sleep. Ends early, with ABORTED, when the thread
 * should stop or the host asks for another round.
 */
void free_scan_publish(struct freehint_publisher *pub, unsigned int advance_blocks,
		       struct free_scan_result *result);

#endif /* FREEHINT_FREE_SCAN_H */
