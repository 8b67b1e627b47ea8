// SPDX-License-Identifier: GPL-2.0
/*
 * Turns the allocator's free pages into the bitmap of the open round, in address
 * order. The scan takes no page and allocates no memory.
 *
 * Invariant: a page is reported for round R only if it was free at some instant after
 * R was opened. The worker loads R with acquire before the scan starts, so the scan
 * reads every page late enough. A page enters and leaves the buddy allocator under
 * zone->lock. So a page that is PageBuddy() under the lock is free now, and its next
 * owner writes to it after the scan has read it.
 *
 * A dropped lock invalidates everything except "was free after R was opened". One
 * block, a page of the highest order, is scanned per hold of the lock.
 *
 * The scan walks pfns and not the free lists: a list cannot be walked across a drop of
 * the lock. Pages on per-CPU lists are not reported: they leave these lists without
 * zone->lock.
 *
 * Struct pages may be unmapped when memory goes offline. pfn_to_online_page() under
 * zone->lock and a memory notifier keep the scan away from them.
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
#include "compat/compat.h"
#include "free_scan.h"

#define BLOCK_PAGES	((unsigned long)MAX_ORDER_NR_PAGES)
#define BLOCK_WORDS	(MAX_ORDER_NR_PAGES / FREEHINT_WORD_BITS)

static_assert(MAX_ORDER_NR_PAGES % FREEHINT_WORD_BITS == 0,
	      "a block of the scan is whole words of the bitmap");
static_assert(BLOCK_WORDS <= 64, "a block's bits live on the stack, twice");

/* Blocks before the watermark first moves: the host can start early. */
#define FIRST_ADVANCE	8U

/**
 * enum marked - which pages a scan marks
 * @MARK_FREE:       every free page
 * @MARK_UNREPORTED: free pages that page reporting has not handed over since they were
 *                   used last
 */
enum marked {
	MARK_FREE,
	MARK_UNREPORTED,
};

/*
 * pfns [offlining_start, offlining_end) are going offline; offlining_end is 0 when none are.
 * The kernel takes memory offline one range at a time.
 */
static unsigned long offlining_start;
static unsigned long offlining_end;

static int memory_callback(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct memory_notify *range = data;

	switch (event) {
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(offlining_start, range->start_pfn);
		WRITE_ONCE(offlining_end, range->start_pfn + range->nr_pages);
		/* Afterwards no scan is in a block that it started with the old bounds. */
		synchronize_rcu();
		break;
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		/*
		 * Pairs with block_is_offlining(): a scan that sees 0 also sees the sections
		 * marked offline.
		 */
		smp_store_release(&offlining_end, 0);
		break;
	}
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

/*
 * Persistent memory and other device memory with struct pages has zones of its own. The
 * pages of these zones are never free, and the zones lie at the end of the address space.
 */
static bool zone_has_free_pages(struct zone *zone)
{
	return zone->spanned_pages && !zone_is_zone_device(zone);
}

static unsigned long free_end_of_node(pg_data_t *node)
{
	unsigned long end = 0;
	struct zone *zone;

	for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++)
		if (zone_has_free_pages(zone))
			end = max(end, zone_end_pfn(zone));
	return end;
}

u64 free_scan_end_pfn(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, free_end_of_node(NODE_DATA(nid)));
	return end;
}

/* The caller is in the RCU read section in which it also reads the block. */
static bool block_is_offlining(unsigned long block)
{
	unsigned long end = smp_load_acquire(&offlining_end);

	return block < end && block + BLOCK_PAGES > READ_ONCE(offlining_start);
}

static bool zone_touches(const struct zone *zone, unsigned long block)
{
	unsigned long start = READ_ONCE(zone->zone_start_pfn);
	unsigned long span = READ_ONCE(zone->spanned_pages);

	return span && start < block + BLOCK_PAGES && start + span > block;
}

/* Return: number of pages to skip. */
static unsigned long mark_page_locked(const struct zone *zone, struct page *page,
				      unsigned long pfn, enum marked marked,
				      unsigned long *free)
{
	unsigned long order;

	if (page_zone(page) != zone || !PageBuddy(page))
		return 1;
	order = page_private(page);
	if (!buddy_order_is_valid(pfn, order, COMPAT_MAX_ORDER))
		return 1;
	if (marked == MARK_FREE || !PageReported(page))
		bitmap_set(free, pfn % BLOCK_PAGES, 1U << order);
	return 1UL << order;
}

/*
 * Mark the free pages of @zone in a block. Holes and sections that are not online are at
 * least as large as a pageblock: smaller holes have struct pages.
 */
static void mark_zone_locked(struct zone *zone, unsigned long block, enum marked marked,
			     unsigned long *free)
{
	unsigned long pfn = block;
	unsigned long end = block + BLOCK_PAGES;
	struct page *page;

	lockdep_assert_held(&zone->lock);
	while (pfn < end) {
		unsigned long base = pfn;
		unsigned long stop = min(end, round_down(pfn, pageblock_nr_pages) +
					      pageblock_nr_pages);

		page = pfn_to_online_page(base);
		while (page && pfn < stop)
			pfn += mark_page_locked(zone, page + (pfn - base), pfn, marked,
						free);
		pfn = max(pfn, stop);
	}
}

static void scan_zone(struct zone *zone, unsigned long block, enum marked marked,
		      unsigned long *free, struct free_scan_result *result)
{
	unsigned long flags;
	u64 start, locked, end;

	start = local_clock();
	spin_lock_irqsave(&zone->lock, flags);
	locked = local_clock();
	mark_zone_locked(zone, block, marked, free);
	end = local_clock();
	spin_unlock_irqrestore(&zone->lock, flags);

	result->holds++;
	result->hold_ns = max(result->hold_ns, end - locked);
	/* The thread may have moved to another CPU, whose clock differs, before the lock. */
	if (COMPAT_LOCKED_IRQS_OFF && end > start)
		result->irqoff_ns = max(result->irqoff_ns, end - start);
}

/* Return: true if the span of some zone touches the block. */
static bool scan_block(unsigned long block, enum marked marked, unsigned long *free,
		       struct free_scan_result *result)
{
	bool found = false;
	struct zone *zone;
	int nid;

	rcu_read_lock();
	if (block_is_offlining(block))
		goto out;
	for_each_online_node(nid) {
		pg_data_t *node = NODE_DATA(nid);

		for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++) {
			if (!zone_touches(zone, block))
				continue;
			scan_zone(zone, block, marked, free, result);
			found = true;
		}
	}
out:
	rcu_read_unlock();
	return found;
}

static void publish_block(struct freehint_publisher *pub, unsigned long block,
			  struct free_scan_result *result)
{
	DECLARE_BITMAP(free, MAX_ORDER_NR_PAGES) = {};
	u64 words[BLOCK_WORDS];

	if (!scan_block(block, MARK_FREE, free, result)) {
		freehint_put_used(pub, block + BLOCK_PAGES);
		return;
	}
	bitmap_to_arr64(words, free, MAX_ORDER_NR_PAGES);
	freehint_put_words(pub, words, BLOCK_WORDS);
}

static bool scan_is_stale(const struct freehint_publisher *pub)
{
	return kthread_should_stop() || !freehint_round_is_current(pub, pub->round);
}

void free_scan_publish(struct freehint_publisher *pub, unsigned int advance_blocks,
		       struct free_scan_result *result)
{
	u64 block, end = min(free_scan_end_pfn(), pub->capacity);
	unsigned int since = 0, step = min(FIRST_ADVANCE, advance_blocks);
	u64 start = ktime_get_ns();

	*result = (struct free_scan_result){ .status = FREEHINT_SEAL_COMPLETE };
	for (block = 0; block < end; block += BLOCK_PAGES) {
		if (scan_is_stale(pub)) {
			result->status = FREEHINT_SEAL_ABORTED;
			break;
		}
		publish_block(pub, block, result);
		if (++since >= step) {
			freehint_advance(pub);
			since = 0;
			step = min(2 * step, advance_blocks);
		}
		cond_resched();
	}
	result->scan_ns = ktime_get_ns() - start;
}

u64 free_scan_count_unreported(void)
{
	u64 block, end = free_scan_end_pfn(), pages = 0;
	struct free_scan_result result = {};

	for (block = 0; block < end; block += BLOCK_PAGES) {
		DECLARE_BITMAP(free, MAX_ORDER_NR_PAGES) = {};

		if (scan_block(block, MARK_UNREPORTED, free, &result))
			pages += bitmap_weight(free, MAX_ORDER_NR_PAGES);
		cond_resched();
	}
	return pages;
}
