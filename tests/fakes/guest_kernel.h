/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a guest's kernel as guest-kmod/scan/free_scan.c uses: struct pages, zones and their
 * locks, sections, RCU. Tests and the benchmark of the scan make its memory.
 *
 * Sections are as large as a block, so that small memory has several of them.
 */
#ifndef FREEHINT_GUEST_KERNEL_H
#define FREEHINT_GUEST_KERNEL_H

#include <limits.h>
#include <string.h>

#include "include/freehint/types.h"

#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 1, 0)
#define IS_ENABLED(option)	0
#define ilog2(n)		(63 - __builtin_clzll(n))

/* What is tested needs no substitutes for what an older kernel lacks. */
#define COMPAT_HAS_USLEEP_RANGE_STATE
#define usleep_range_state(min, max, state)	((void)(min), (void)(max))
#define COMPAT_HAS_CC_PLATFORM
enum cc_attr { CC_ATTR_MEM_ENCRYPT = 1, CC_ATTR_GUEST_MEM_ENCRYPT };

#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define min(a, b) ({ typeof(a) min_a = (a); typeof(b) min_b = (b); min_a < min_b ? min_a : min_b; })
#define max(a, b) ({ typeof(a) max_a = (a); typeof(b) max_b = (b); max_a > max_b ? max_a : max_b; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define U64_MAX			((u64)~0ULL)
#define round_down(n, to)	((n) & ~((to) - 1))
#define __ffs(word)		((unsigned long)__builtin_ctzl(word))

/* Bitmaps. */
#define BITS_PER_LONG		64UL
#define BITS_TO_LONGS(bits)	((bits) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits)	unsigned long name[BITS_TO_LONGS(bits)]
#define bitmap_empty(map, bits)	(find_first_bit(map, bits) == (bits))
#define find_first_bit(map, bits)	find_next_bit(map, bits, 0)

static inline void __set_bit(unsigned long bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] |= 1UL << bit % BITS_PER_LONG;
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int count)
{
	unsigned long run;

	for (; count; start += run, count -= run) {
		unsigned int bit = start % BITS_PER_LONG;

		run = min((unsigned long)count, BITS_PER_LONG - bit);
		map[start / BITS_PER_LONG] |= ~0UL >> (BITS_PER_LONG - run) << bit;
	}
}

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int word, weight = 0;

	for (word = 0; word < BITS_TO_LONGS(bits); word++)
		weight += (unsigned int)__builtin_popcountl(map[word]);
	return weight;
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long bits,
					  unsigned long bit)
{
	for (; bit < bits; bit = (bit / BITS_PER_LONG + 1) * BITS_PER_LONG) {
		unsigned long word = map[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG;

		if (word)
			return bit + __ffs(word);
	}
	return bits;
}

/*
 * Zones and nodes. A test says what a page is; blocks then are what they are on arm64: 4 MiB,
 * 32 MiB, 512 MiB.
 */
#ifndef PAGE_SHIFT
#define PAGE_SHIFT		12
#endif
#define MAX_ORDER_NR_PAGES	(PAGE_SHIFT == 12 ? 1024 : PAGE_SHIFT == 14 ? 2048 : 8192)
#define pageblock_nr_pages	(MAX_ORDER_NR_PAGES / 2UL)
#define MAX_NR_ZONES		2
#define GUEST_KERNEL_NODES	2

typedef struct {
	int held;
} spinlock_t;

struct zone {
	spinlock_t lock;
	unsigned long zone_start_pfn;
	unsigned long spanned_pages;
	unsigned long free_pages;
};

typedef struct {
	struct zone node_zones[MAX_NR_ZONES];
	unsigned long node_start_pfn;
	unsigned long node_spanned_pages;
} pg_data_t;

#define for_each_online_node(nid)	for ((nid) = 0; (nid) < GUEST_KERNEL_NODES; (nid)++)
#define NODE_DATA(nid)			(&guest_kernel.nodes[nid])
#define zone_page_state(zone, item)	((zone)->free_pages)
#define global_zone_page_state(item)	(guest_kernel.free_pages)
#define low_wmark_pages(zone)		GUEST_KERNEL_WATERMARK
#define GUEST_KERNEL_WATERMARK		100
#define PAGE_REPORTING_CAPACITY		32

/**
 * struct page - the members that the scan reads, as large as the kernel's
 * @flags:         PAGE_HEAD, PAGE_REPORTED
 * @compound_head: bit 0 is set in a tail
 * @private:       order of a free page
 * @page_type:     PAGE_BUDDY for the first page of a free one
 * @order:         order of a compound page, in its head
 * @zone:          zone of the page
 */
struct page {
	unsigned long flags;
	unsigned long compound_head;
	unsigned long private;
	unsigned long page_type;
	unsigned long order;
	struct zone *zone;
	unsigned long unused[2];
};

#define PAGE_HEAD	1UL
#define PAGE_REPORTED	2UL
#define PAGE_BUDDY	1UL

/**
 * struct guest_kernel - the guest's memory and what the scan did
 * @pages:         struct page of each pfn
 * @count:         number of pages
 * @free_pages:    free in all zones, as the kernel counts them
 * @online:        one for each block of MAX_ORDER_NR_PAGES: its section is online
 * @nodes:         nodes with their zones
 * @before_lock:   called before a zone's lock is taken, NULL for nothing
 * @contended:     somebody always waits for the lock
 * @offline_chain: what is registered for memory that goes offline
 * @readers:       depth of RCU read sections
 * @grace_periods: normal grace periods waited for
 * @expedited:     expedited ones
 * @looks:         flags read, if @counted
 * @counted:       count @looks
 * @holds:         holds of a zone's lock
 * @best_ns:       shortest time of the first hold, of the second and so on, over all scans;
 *                 nanoseconds; NULL if they are not timed
 * @locked_at:     start of this hold
 */
struct guest_kernel {
	struct page *pages;
	unsigned long count;
	unsigned long free_pages;
	bool *online;
	pg_data_t nodes[GUEST_KERNEL_NODES];
	void (*before_lock)(struct zone *zone);
	bool contended;
	struct notifier_block *offline_chain;
	unsigned int readers;
	unsigned int grace_periods;
	unsigned int expedited;
	unsigned long looks;
	bool counted;
	unsigned long holds;
	u64 *best_ns;
	u64 locked_at;
};

extern struct guest_kernel guest_kernel;

/** guest_kernel_init() - all of @count pages in use, online, in the first zone */
void guest_kernel_init(unsigned long count);

/** guest_kernel_exit() - free the memory of guest_kernel_init() */
void guest_kernel_exit(void);

/** guest_kernel_free() - make the page of @order at @pfn free */
void guest_kernel_free(unsigned long pfn, unsigned int order);

/** guest_kernel_alloc() - the free page at @pfn is in use again */
void guest_kernel_alloc(unsigned long pfn);

/** guest_kernel_compound() - make the page of @order at @pfn a compound page in use */
void guest_kernel_compound(unsigned long pfn, unsigned int order);

/* Time. */
u64 ktime_get_ns(void);
#define local_clock()		ktime_get_ns()

/* Locks. Interrupts are not modelled. */
void guest_kernel_lock(spinlock_t *lock);
void guest_kernel_unlock(spinlock_t *lock);
void guest_kernel_assert_held(const spinlock_t *lock);
#define spin_lock_irqsave(lock, flags)		((flags) = 0, guest_kernel_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), guest_kernel_unlock(lock))
#define lockdep_assert_held(lock)		guest_kernel_assert_held(lock)
#define spin_is_contended(lock)			((void)(lock), guest_kernel.contended)
#define rcu_read_lock()				(guest_kernel.readers++)
#define rcu_read_unlock()			(guest_kernel.readers--)
#define smp_rmb()				__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_load_acquire(p)			__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value)		__atomic_store_n(p, value, __ATOMIC_RELEASE)
#define WRITE_ONCE(x, value)			(*(volatile typeof(x) *)&(x) = (value))
void synchronize_rcu(void);
void synchronize_rcu_expedited(void);

/* The thread. */
#define kthread_should_stop()	false
#define kthread_should_park()	false
#define cond_resched()		((void)0)

/* Pages. */
struct page *pfn_to_online_page(unsigned long pfn);
#define pfn_to_page(pfn)	(&guest_kernel.pages[pfn])
#define page_zone(page)		((page)->zone)
#define page_private(page)	((page)->private)

static inline void guest_kernel_look(void)
{
	if (guest_kernel.counted)
		guest_kernel.looks++;
}

static inline bool PageTail(const struct page *page)
{
	guest_kernel_look();
	return READ_ONCE(page->compound_head) & 1;
}

static inline bool PageBuddy(const struct page *page)
{
	guest_kernel_look();
	return READ_ONCE(page->page_type) == PAGE_BUDDY;
}

static inline bool PageReported(const struct page *page)
{
	return READ_ONCE(page->flags) & PAGE_REPORTED;
}

static inline unsigned int compound_order(struct page *page)
{
	return READ_ONCE(page->flags) & PAGE_HEAD ? page[1].order : 0;
}

/* Memory that goes offline. */
enum { MEM_GOING_OFFLINE = 1, MEM_OFFLINE, MEM_CANCEL_OFFLINE };
#define NOTIFY_OK	1

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event, void *data);
};

struct memory_notify {
	unsigned long start_pfn;
	unsigned long nr_pages;
};

static inline int register_memory_notifier(struct notifier_block *nb)
{
	guest_kernel.offline_chain = nb;
	return 0;
}

static inline void unregister_memory_notifier(struct notifier_block *nb)
{
	(void)nb;
	guest_kernel.offline_chain = NULL;
}

#endif /* FREEHINT_GUEST_KERNEL_H */
