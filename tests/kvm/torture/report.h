/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What passes between the guest and the test: orders, which the test puts into the
 * guest's memory before the guest runs, and a report that it reads there. torture.py
 * has the same structs by offset.
 */
#ifndef TORTURE_REPORT_H
#define TORTURE_REPORT_H

#include "machine.h"

/**
 * struct orders - what the guest shall do
 * @seed:     of the random numbers
 * @pages:    memory ends at this page
 * @first:    page from which on memory is used; all below it is free for ever
 * @cpus:     processors to use, 1 or 2
 * @heat:     pages that are written again and again, so that there is always a next pass
 * @beat:     pause between two such writes, cycles
 * @pause:    longest pause between two polls, cycles; 0 for none
 * @linger:   longest pause in the middle of a scan, cycles
 * @gives:    give memory back; one offer in so many ends a drain; 0: give nothing
 */
struct orders {
	u64 seed;
	u64 pages;
	u64 first;
	u64 cpus;
	u64 heat;
	u64 beat;
	u64 pause;
	u64 linger;
	u64 gives;
};

/** enum fault - why a guest gave up */
enum fault {
	FAULT_NONE = 0,
	FAULT_NO_DEVICE = 1,
	FAULT_NO_HELLO = 2,
};

#define REPORT_BAD	8

/**
 * struct report - what the guest has done; numbers only grow
 * @fault:    enum fault
 * @level:    privilege level it runs with
 * @first:    page from which on memory is used; all below it is free for ever
 * @cpus:     processors that came up
 * @arrivals: hosts it met and greeted, the first included, each after a check of
 *            every page
 * @compared: pages whose content was compared with the shadow table
 * @wrong:    of these, pages that differed
 * @rounds:   rounds answered to the end
 * @aborted:  rounds given up because the host had closed them
 * @reported: pages reported free
 * @reused:   pages taken again after they were reported, in the same round
 * @taken:    pages taken out of the allocator
 * @freed:    pages given back
 * @written:  pages filled, first time or again
 * @offered:  blocks offered to the host
 * @given:    of them, blocks that the host has discarded
 * @taken_back: offers taken back before the host had them
 * @nonzero:  pages of given blocks that did not read as zero
 * @bad:      the first wrong pages: number in the low half, shadow in the high
 */
struct report {
	u64 fault;
	u64 level;
	u64 cpus;
	u64 arrivals;
	u64 compared;
	u64 wrong;
	u64 rounds;
	u64 aborted;
	u64 reported;
	u64 reused;
	u64 taken;
	u64 freed;
	u64 written;
	u64 offered;
	u64 given;
	u64 taken_back;
	u64 nonzero;
	u64 bad[REPORT_BAD];
};

static inline const struct orders *orders(void)
{
	return (const struct orders *)MAP_ORDERS;
}

static inline struct report *report(void)
{
	return (struct report *)MAP_REPORT;
}

/* Both processors count. */
#define count(field, n)	((void)__atomic_fetch_add(&report()->field, n, __ATOMIC_RELAXED))

#endif /* TORTURE_REPORT_H */
