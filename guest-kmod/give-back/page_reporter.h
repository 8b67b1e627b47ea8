/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's page reporting: isolates free blocks, hands them over in batches, and puts
 * them back.
 */
#ifndef FREEHINT_PAGE_REPORTER_H
#define FREEHINT_PAGE_REPORTER_H

#include <linux/mutex.h>
#include <linux/page_reporting.h>

#include "oom_recall.h"
#include "../../include/freehint/shm_layout.h"

struct session_pause;

/**
 * struct page_reporter - our registration with page reporting
 * @info:       what the kernel knows of us
 * @order:      smallest order of a block that is handed over
 * @kernel_order: smallest order that the kernel looks for, as far as is known; 0: unknown
 * @registered: true between page_reporter_register() and page_reporter_unregister()
 * @lock:       held while a batch is handed over; the kernel may run its own pass beside
 *              ours
 * @in_pass:    a pass of ours runs; under @lock
 * @found:      the last pass of ours handed over a block, of whatever order; under @lock
 * @handed:     blocks of @order and more that the last pass of ours handed over; under @lock
 * @recall:     blocks that were handed over, for a guest that runs out of memory
 * @pause:      while there is a reason, no pass begins; its owner unregisters us then
 * @offer:      takes a batch of @count blocks with @pages pages; called with @lock held,
 *              sleeps. 0: the kernel remembers the blocks until they are used again; an
 *              error ends the pass, and the kernel hands them over again in the next one
 * @more:       the kernel found blocks of @order or more outside a pass; called with @lock held
 * @block:      batch, words of freehint_block(); under @lock
 */
struct page_reporter {
	struct page_reporting_dev_info info;
	unsigned int order;
	unsigned int kernel_order;
	bool registered;
	struct mutex lock;
	bool in_pass;
	bool found;
	unsigned int handed;
	struct oom_recall recall;
	const struct session_pause *pause;
	int (*offer)(struct page_reporter *reporter, unsigned int count, u64 pages);
	void (*more)(struct page_reporter *reporter);
	u64 block[FREEHINT_OFFER_BLOCKS];
};

/**
 * page_reporter_has_order() - is there a block of 2^@order pages of 4 KiB in this kernel?
 * @order: smallest order that is wanted
 *
 * Return: false if its highest order is lower.
 */
bool page_reporter_has_order(unsigned int order);

/**
 * page_reporter_register() - have the kernel look for free blocks
 * @reporter: not registered; @offer, @more and @pause are set, @lock is initialised
 * @order:    smallest order of a block, from 1; page_reporter_has_order()
 *
 * The first registration since the guest was booted, by any driver, fixes the smallest
 * order that the kernel looks for. Smaller blocks than @order are skipped, but the kernel
 * takes them for reported. See page_reporter_least(). May sleep.
 *
 * Return: 0; -EBUSY: another driver is registered; -EOPNOTSUPP: the kernel has no page
 * reporting; or another error of the kernel's.
 */
int page_reporter_register(struct page_reporter *reporter, unsigned int order);

/**
 * page_reporter_least() - how large must a block be to be handed over?
 * @reporter: registered
 *
 * The kernel does not tell for which order it looks. It is taken to be that of our first
 * registration, until the kernel hands over a smaller block, or no block although there are
 * some. Any context.
 *
 * Return: smallest order, of this kernel. May be too large: an earlier driver may have set a
 * lower order, unknown until such a block comes. May be too small: an earlier driver may have
 * set a higher order, our module may have been reloaded, or page_reporting_order was raised.
 */
unsigned int page_reporter_least(const struct page_reporter *reporter);

/**
 * page_reporter_expected() - the last pass should have found blocks of page_reporter_least()
 * @reporter: registered
 * @pages:    so many, in pages of the region
 *
 * If it has not found any block, the kernel looks for larger ones. page_reporter_least() grows
 * by one only: what was free may just have been used. Call it from the thread of the passes, and
 * not after a pass that has followed others: they have taken what was counted. May sleep.
 */
void page_reporter_expected(struct page_reporter *reporter, u64 pages);

/**
 * page_reporter_handed() - how many blocks has the last pass handed over?
 * @reporter: registered
 *
 * The kernel marks them as reported, and has them count for its limits, even if the region
 * cannot name them. May sleep.
 *
 * Return: number of blocks of the order that was registered, and more.
 */
unsigned int page_reporter_handed(struct page_reporter *reporter);

/**
 * page_reporter_unregister() - end the registration, if there is one
 * @reporter: reporter
 *
 * Sleeps until a batch that is being handed over is put back.
 */
void page_reporter_unregister(struct page_reporter *reporter);

/**
 * page_reporter_pass() - look for free blocks now, and wait until the look is over
 * @reporter: registered
 *
 * Blocks are handed over only during a pass. One pass hands over about a sixteenth of each
 * free list. Call it from one thread.
 *
 * Return: true if the guest ran out of memory meanwhile, or @pause has a reason: the look was
 * cut short, and the next one comes later.
 */
bool page_reporter_pass(struct page_reporter *reporter);

#endif /* FREEHINT_PAGE_REPORTER_H */
