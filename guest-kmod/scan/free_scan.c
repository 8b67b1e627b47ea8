// SPDX-License-Identifier: GPL-2.0
/*
 * Turns the allocator's free pages into the bitmap of the open round, in address
 * order. The scan takes no page and allocates no memory.
 *
 * Invariant: a page is reported for round R only if it was free at some instant after
 * R was opened. The worker loads R with acquire before the scan starts. A page enters and
 * leaves the buddy allocator under zone->lock. So a page that is PageBuddy() under the
 * lock is free now, and its next owner writes to it after the scan has read it.
 *
 * A block, a page of the highest order, is scanned in two steps:
 *
 *	look	without a lock: which pages look free? A guess, wrong in both directions.
 *	confirm	under zone->lock: which of these are free? Only this step reports.
 *
 * A dropped lock invalidates everything except "was free after R was opened". So the
 * second step may drop the lock between any two pages.
 *
 * The scan walks pfns and not the free lists: a list cannot be walked across a drop of
 * the lock. Pages on per-CPU lists are not reported: they leave these without zone->lock.
 *
 * docs/guest-module.md has the whole argument, also for zones that overlap and for
 * memory that goes offline or comes online.
 */
#include <linux/bitmap.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>

#include "buddy_order.h"
#include "../compat/compat.h"
#include "free_scan.h"
#include "memory_end.h"
#include "page_units.h"

/* Pages and pfns are this kernel's, words are the region's, whose pages are 4 KiB. */
#define BLOCK_PAGES	((unsigned long)MAX_ORDER_NR_PAGES)
#define BLOCK_WORDS	(page_units(MAX_ORDER_NR_PAGES) / FREEHINT_WORD_BITS)

/* Words of the kernel's bitmap of a block. */
#define SEEN_WORDS	BITS_TO_LONGS(MAX_ORDER_NR_PAGES)

/* Words that are published at once. */
#define PIECE_WORDS	8UL

/*
 * Words of @seen that are confirmed in one hold of a lock at most: 1024 pages, which is a
 * block of most kernels. With pages of 64 KiB a block has 8192.
 */
#define HOLD_WORDS	(1024 / BITS_PER_LONG)

static_assert(MAX_ORDER_NR_PAGES % (PIECE_WORDS * FREEHINT_WORD_BITS) == 0,
	      "a block of the scan is whole pieces of the bitmap");

#define NO_ORDER	UINT_MAX

/* Blocks before the watermark first moves: the host can start early. */
#define FIRST_ADVANCE	8U

/* Blocks that are counted between two looks whether to go on: a quarter of a millisecond. */
#define COUNT_BLOCKS	64U

/**
 * struct scan_block - a block and what is known about its pages; bit n is pfn @start + n
 * @start: first pfn, a multiple of BLOCK_PAGES
 * @unreported: input; leave out pages marked PageReported()
 * @order: input; smallest order that counts for @large, NO_ORDER for none
 * @large: number of pages that were marked in blocks of @order and above
 * @seen:  first pages of what looked free without the lock; never reported
 * @free:  pages that were free under the lock of their zone
 */
struct scan_block {
	unsigned long start;
	bool unreported;
	unsigned int order;
	unsigned long large;
	DECLARE_BITMAP(seen, MAX_ORDER_NR_PAGES);
	DECLARE_BITMAP(free, MAX_ORDER_NR_PAGES);
};

/*
 * Too large for the stack where a block has 8192 pages. There is one device, one thread that
 * serves its rounds, and one work item that counts: each has a block of its own.
 */
static struct scan_block published, counted;

/*
 * MEM_OFFLINE comes after the sections were marked offline and before their struct pages
 * are poisoned or unmapped. A scan that saw a section online has left it when this returns.
 * A normal grace period takes tens of milliseconds, for each block of memory that goes.
 */
static int memory_callback(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event == MEM_OFFLINE)
		synchronize_rcu_expedited();
	return NOTIFY_OK;
}

static struct notifier_block memory_events = {
	.notifier_call = memory_callback,
};

int free_scan_init(void)
{
	return register_memory_notifier(&memory_events);
}

void free_scan_exit(void)
{
	unregister_memory_notifier(&memory_events);
}

static bool zone_touches(const struct zone *zone, unsigned long block)
{
	unsigned long start = READ_ONCE(zone->zone_start_pfn);
	unsigned long span = READ_ONCE(zone->spanned_pages);

	return span && start < block + BLOCK_PAGES && start + span > block;
}

/*
 * Nothing that is read here is stable: the page may be allocated, freed, merged or split
 * meanwhile. A wrong step misses pages or looks at some twice, but stays in the block.
 *
 * A compound page is aligned to its size. So a tail at an aligned pfn belongs to one that is
 * larger than this alignment. Its head is not read: it may be in another section, and to
 * wait for its order takes longer than to look at some tails.
 *
 * Return: number of pages to step over.
 */
static unsigned long look_at_page(struct page *page, unsigned long pfn, unsigned long *seen)
{
	unsigned long order;

	if (PageTail(page))
		return 1UL << __ffs(pfn | BLOCK_PAGES);
	if (!PageBuddy(page))
		return 1;
	__set_bit(pfn % BLOCK_PAGES, seen);
	order = READ_ONCE(page_private(page));
	/* Not a step that depends on what was read: the next page can be read ahead. */
	if (!order)
		return 1;
	return buddy_order_is_valid(pfn, order, COMPAT_MAX_ORDER) ? 1UL << order : 1;
}

/*
 * Holes and sections that are not online are at least as large as a pageblock: smaller
 * holes have struct pages.
 */
static void look_at_block(struct scan_block *block)
{
	unsigned long pfn = block->start;
	unsigned long end = pfn + BLOCK_PAGES;
	struct page *page;

	while (pfn < end) {
		unsigned long base = pfn;
		unsigned long stop = min(end, round_down(pfn, pageblock_nr_pages) +
					      pageblock_nr_pages);

		page = pfn_to_online_page(base);
		while (page && pfn < stop)
			pfn += look_at_page(page + (pfn - base), pfn, block->seen);
		pfn = max(pfn, stop);
	}
}

static void mark_page_locked(const struct zone *zone, struct scan_block *block,
			     struct page *page, unsigned long pfn)
{
	unsigned long order;

	if (page_zone(page) != zone || !PageBuddy(page))
		return;
	if (block->unreported && PageReported(page))
		return;
	order = page_private(page);
	if (!order)
		__set_bit(pfn % BLOCK_PAGES, block->free);
	else if (buddy_order_is_valid(pfn, order, COMPAT_MAX_ORDER))
		bitmap_set(block->free, pfn % BLOCK_PAGES, 1U << order);
	else
		return;
	if (order >= block->order)
		block->large += 1UL << order;
}

/* The section was online in this RCU read section, so its struct pages are still there. */
static void confirm_word_locked(const struct zone *zone, struct scan_block *block,
				unsigned long word)
{
	unsigned long seen = block->seen[word];

	for (; seen; seen &= seen - 1) {
		unsigned long pfn = block->start + word * BITS_PER_LONG + __ffs(seen);

		mark_page_locked(zone, block, pfn_to_page(pfn), pfn);
	}
}

/*
 * Mark the free pages of @zone among those seen in @word and later.
 *
 * Return: word to go on with; SEEN_WORDS when done.
 */
static unsigned long confirm_locked(struct zone *zone, struct scan_block *block,
				    unsigned long word)
{
	lockdep_assert_held(&zone->lock);
	do
		confirm_word_locked(zone, block, word++);
	while (word < SEEN_WORDS && word % HOLD_WORDS && !spin_is_contended(&zone->lock));
	return word;
}

/* Return: as confirm_locked(). */
static unsigned long hold_zone(struct zone *zone, struct scan_block *block,
			       unsigned long word, struct free_scan_result *result)
{
	unsigned long flags;
	u64 start, locked, end;

	start = local_clock();
	spin_lock_irqsave(&zone->lock, flags);
	locked = local_clock();
	word = confirm_locked(zone, block, word);
	end = local_clock();
	spin_unlock_irqrestore(&zone->lock, flags);

	result->holds++;
	result->hold_ns = max(result->hold_ns, end - locked);
	result->held_ns += end - locked;
	/* The thread may have moved to another CPU, whose clock differs, before the lock. */
	if (COMPAT_LOCKED_IRQS_OFF && end > start)
		result->irqoff_ns = max(result->irqoff_ns, end - start);
	return word;
}

static void confirm_zone(struct zone *zone, struct scan_block *block,
			 struct free_scan_result *result)
{
	unsigned long word = 0;

	while (word < SEEN_WORDS)
		if (block->seen[word])
			word = hold_zone(zone, block, word, result);
		else
			word++;
}

/*
 * Approximates page_reporting_process_zone(): the kernel uses its own order and subtracts free
 * highatomic pages.
 */
static unsigned int least_order(struct zone *zone, unsigned int order)
{
	if (order > COMPAT_MAX_ORDER || zone_page_state(zone, NR_FREE_PAGES) <=
	    low_wmark_pages(zone) + ((unsigned long)PAGE_REPORTING_CAPACITY << order))
		return NO_ORDER;
	return order;
}

static void confirm_block(struct scan_block *block, struct free_scan_result *result)
{
	const unsigned int order = block->order;
	struct zone *zone;
	int nid;

	for_each_online_node(nid) {
		pg_data_t *node = NODE_DATA(nid);

		for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++)
			if (zone_touches(zone, block->start)) {
				block->order = least_order(zone, order);
				confirm_zone(zone, block, result);
			}
	}
}

/* Return: true if a page of the block looked free. */
static bool scan_block(struct scan_block *block, struct free_scan_result *result)
{
	bool seen;

	rcu_read_lock();
	look_at_block(block);
	seen = !bitmap_empty(block->seen, BLOCK_PAGES);
	if (seen)
		confirm_block(block, result);
	rcu_read_unlock();
	return seen;
}

static void publish_free(struct freehint_publisher *pub, const unsigned long *free)
{
	unsigned long first, i;
	u64 words[PIECE_WORDS];

	for (first = 0; first < BLOCK_WORDS; first += PIECE_WORDS) {
		for (i = 0; i < PIECE_WORDS; i++)
			words[i] = page_units_word(free, first + i);
		freehint_put_words(pub, words, PIECE_WORDS);
	}
}

static void publish_block(struct freehint_publisher *pub, unsigned long start,
			  struct free_scan_result *result)
{
	published = (struct scan_block){ .start = start, .order = NO_ORDER };
	if (scan_block(&published, result))
		publish_free(pub, published.free);
	else
		freehint_put_used(pub, page_units(start + BLOCK_PAGES));
}

static bool scan_is_stale(const struct freehint_publisher *pub)
{
	return kthread_should_stop() || kthread_should_park() ||
	       !freehint_round_is_current(pub, pub->round);
}

void free_scan_publish(struct freehint_publisher *pub, unsigned int advance_blocks,
		       struct free_scan_result *result)
{
	/* The capacity is whole words, so it is whole pages of this kernel. */
	u64 block, end = min((u64)memory_end(), pub->capacity >> PAGE_UNITS_SHIFT);
	unsigned int since = 0, step = min(FIRST_ADVANCE, advance_blocks);
	u64 start = ktime_get_ns();

	*result = (struct free_scan_result){ .status = FREEHINT_SEAL_COMPLETE };
	for (block = 0; block < end; block += BLOCK_PAGES) {
		if (scan_is_stale(pub))
			break;
		publish_block(pub, block, result);
		if (++since >= step) {
			if (!freehint_advance_current(pub))
				break;
			since = 0;
			step = min(2 * step, advance_blocks);
		}
		cond_resched();
	}
	if (block < end || !freehint_advance_current(pub)) {
		freehint_drop_words(pub);
		result->status = FREEHINT_SEAL_ABORTED;
	}
	result->scan_ns = ktime_get_ns() - start;
}

bool free_scan_count_unreported(unsigned int order, bool (*may_continue)(void *data), void *data,
				struct free_scan_unreported *count)
{
	u64 start, end = memory_end(), pages = 0, large = 0;
	struct free_scan_result result = {};

	for (start = 0; start < end; start += BLOCK_PAGES) {
		if (!(start % (COUNT_BLOCKS * BLOCK_PAGES)) && !may_continue(data))
			return false;
		counted = (struct scan_block){ .start = start, .unreported = true, .order = order };
		if (scan_block(&counted, &result)) {
			pages += bitmap_weight(counted.free, MAX_ORDER_NR_PAGES);
			large += counted.large;
		}
		cond_resched();
	}
	count->pages = page_units(pages);
	count->large = page_units(large);
	return true;
}
