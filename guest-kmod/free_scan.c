// SPDX-License-Identifier: GPL-2.0
/*
 * Turns the allocator's free pages into the bitmap of the open round, in address
 * order, without taking a single page and without allocating anything.
 *
 * Theory of operation
 * -------------------
 * A page may be reported for round R only if it was free at some instant after R
 * was opened. The host arms its dirty log before it opens R, and the worker reads
 * R from the request line with acquire before it comes here; so every look taken
 * in this file is late enough. Whoever gets the page later and writes to it
 * writes after that look, hence with the log armed, and the page is sent after
 * all. What was written before it was freed is dead (guest_contract.c knows the
 * kernels where that is not the whole truth).
 *
 * What zone->lock guarantees. A page enters and leaves the buddy allocator with
 * its zone's lock held. PageBuddy() seen under the lock therefore means: free
 * now, and whoever gets it must take the lock after us. That orders the new
 * owner's first write behind our look, which is all that is needed. Without the
 * lock the flag could be that of a page handed out before R was opened.
 *
 * What dropping it invalidates. Everything: the words of a block describe the
 * past as soon as the lock is dropped. They stay true in the only sense that
 * counts, "was free after R was opened", and the next round starts from nothing.
 * One block is done per hold, so nobody waits for the lock for longer than 1024
 * steps take.
 *
 * Why walk pfns and not the free lists. A list cannot be walked across a drop of
 * the lock, since any entry may be gone afterwards, and walking it in one hold
 * takes as long as the guest is large. The pfn walk has a cursor that cannot go
 * stale, finds all orders, skips a free page of the highest order in one step,
 * and meets the pages in address order, which is what the watermark promises.
 *
 * Why pages on per-CPU lists are not reported. They are not PageBuddy() and are
 * handed out without zone->lock, so no look at them could be ordered before the
 * new owner's write. They are a few MiB per CPU. Draining them would slow the
 * guest down to make it migrate faster.
 *
 * Zones. A block may hold pages of several zones: a zone may begin or end in it,
 * and memory that was plugged in makes zones overlap. The zone is not taken from
 * a page but from the nodes' tables, which are never freed: each zone whose span
 * touches the block is locked once, and only its own pages are believed. Spans
 * are read without their lock; a torn one makes us miss pages for one round.
 *
 * Memory that goes offline. The struct pages of a section may be unmapped after
 * it went offline, so none may be touched that is not known to be online.
 *
 *  - pfn_to_online_page() is asked under zone->lock. offline_pages() first marks
 *    the sections offline, then takes the lock of their zone to empty the free
 *    lists, and only later lets go of the struct pages. A section that is still
 *    online once we hold that lock stays until we drop it.
 *  - That leaves a page of another zone inside the span of the one we locked: we
 *    look at its flags only to find that it is not ours. A notifier covers it.
 *    MEM_GOING_OFFLINE comes before anything is taken apart; it puts the range
 *    out of bounds and waits for a grace period. A block is read inside one RCU
 *    read section, so afterwards nobody looks into the range, and blocks in it
 *    count as used. When the range is offline, pfn_to_online_page() says so;
 *    when that was cancelled, the range is in bounds again.
 *
 * A notifier that is registered while some range is already on its way out hears
 * of it too late. Only a first round within that very offlining, in a guest with
 * interleaved zones, would depend on it; the scan reads flags there and nothing
 * else. The lock that would exclude it (mem_hotplug_lock) is not exported.
 *
 * Memory that comes online is initialised before its sections are marked online,
 * and the end of memory is computed anew for each scan.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>

#include "compat/compat.h"
#include "free_scan.h"
#include "free_words.h"

#define BLOCK_PAGES	((unsigned long)MAX_ORDER_NR_PAGES)
#define BLOCK_WORDS	(MAX_ORDER_NR_PAGES / FREEHINT_WORD_BITS)

static_assert(MAX_ORDER_NR_PAGES % FREEHINT_WORD_BITS == 0,
	      "a block of the scan is whole words of the bitmap");
static_assert(BLOCK_WORDS <= 128, "a block's words live on the stack");

/* Blocks before the watermark first moves, so that the host can begin early. */
#define FIRST_ADVANCE	8U

/*
 * pfns [leaving_start, leaving_end) are going offline; both 0 when none is. The
 * kernel takes memory offline one range at a time.
 */
static unsigned long leaving_start;
static unsigned long leaving_end;

static int note_memory_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct memory_notify *range = data;

	switch (event) {
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(leaving_start, range->start_pfn);
		WRITE_ONCE(leaving_end, range->start_pfn + range->nr_pages);
		/* Whoever read the old bounds has left its block after this. */
		synchronize_rcu();
		break;
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		/* Pairs with block_is_leaving(): back in bounds means marked offline. */
		smp_store_release(&leaving_end, 0);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_events = {
	.notifier_call = note_memory_event,
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
 * Persistent memory, and other memory of devices that has struct pages, is in zones of
 * its own. No page of theirs is ever free, and they are where the address space ends.
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

/* Caller is in the RCU read section that covers its look at the block. */
static bool block_is_leaving(unsigned long block)
{
	unsigned long end = smp_load_acquire(&leaving_end);

	return block < end && block + BLOCK_PAGES > READ_ONCE(leaving_start);
}

static bool zone_touches(const struct zone *zone, unsigned long block)
{
	unsigned long start = READ_ONCE(zone->zone_start_pfn);
	unsigned long span = READ_ONCE(zone->spanned_pages);

	return span && start < block + BLOCK_PAGES && start + span > block;
}

/* Return: pages to step over. */
static unsigned long mark_page_locked(const struct zone *zone, struct page *page,
				      unsigned long pfn, u64 *words)
{
	unsigned long order;

	if (page_zone(page) != zone || !PageBuddy(page))
		return 1;
	order = page_private(page);
	if (!free_words_order_fits(pfn, order, COMPAT_MAX_ORDER))
		return 1;
	free_words_mark(words, BLOCK_PAGES, pfn % BLOCK_PAGES, 1UL << order);
	return 1UL << order;
}

/*
 * Mark the free pages of @zone in a block. Holes and sections that are not
 * online are at least a pageblock large: what is smaller has struct pages.
 */
static void mark_zone_locked(struct zone *zone, unsigned long block, u64 *words)
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
			pfn += mark_page_locked(zone, page + (pfn - base), pfn, words);
		pfn = max(pfn, stop);
	}
}

static void scan_zone(struct zone *zone, unsigned long block, u64 *words,
		      struct free_scan_result *result)
{
	unsigned long flags;
	u64 asked, locked, done;

	asked = local_clock();
	spin_lock_irqsave(&zone->lock, flags);
	locked = local_clock();
	mark_zone_locked(zone, block, words);
	done = local_clock();
	spin_unlock_irqrestore(&zone->lock, flags);

	result->holds++;
	result->hold_ns = max(result->hold_ns, done - locked);
	/* The clock may differ from the CPU's that asked, if we were moved. */
	if (done > asked)
		result->irqoff_ns = max(result->irqoff_ns, done - asked);
}

/* Return: true when some zone has pages in the block. */
static bool scan_block(unsigned long block, u64 *words, struct free_scan_result *result)
{
	bool found = false;
	struct zone *zone;
	int nid;

	rcu_read_lock();
	if (block_is_leaving(block))
		goto out;
	for_each_online_node(nid) {
		pg_data_t *node = NODE_DATA(nid);

		for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++) {
			if (!zone_touches(zone, block))
				continue;
			scan_zone(zone, block, words, result);
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
	u64 words[BLOCK_WORDS] = {};

	if (scan_block(block, words, result))
		freehint_put_words(pub, words, BLOCK_WORDS);
	else
		freehint_put_used(pub, block + BLOCK_PAGES);
}

static bool scan_is_moot(const struct freehint_publisher *pub)
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
		if (scan_is_moot(pub)) {
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
