// SPDX-License-Identifier: GPL-2.0
/*
 * As much of a guest's kernel as guest-kmod/scan/free_scan.c uses: makes the memory of a guest,
 * and complains where the kernel's rules are broken.
 */
#include <err.h>
#include <stdlib.h>
#include <time.h>

#include "tests/fakes/guest_kernel.h"

struct guest_kernel guest_kernel;

static void must(bool condition, const char *rule)
{
	if (condition)
		return;
	warnx("guest kernel: %s", rule);
	abort();
}

void guest_kernel_init(unsigned long count)
{
	unsigned long pfn;

	memset(&guest_kernel, 0, sizeof(guest_kernel));
	guest_kernel.pages = calloc(count + 1, sizeof(struct page));
	guest_kernel.online = calloc(count / MAX_ORDER_NR_PAGES, sizeof(bool));
	must(guest_kernel.pages && guest_kernel.online, "no memory");
	guest_kernel.count = count;
	guest_kernel.free_pages = ULONG_MAX;
	guest_kernel.nodes[0].node_zones[0].spanned_pages = count;
	guest_kernel.nodes[0].node_spanned_pages = count;
	guest_kernel.nodes[0].node_zones[0].free_pages = ULONG_MAX;
	memset(guest_kernel.online, true, count / MAX_ORDER_NR_PAGES);
	for (pfn = 0; pfn < count; pfn++)
		guest_kernel.pages[pfn].zone = &guest_kernel.nodes[0].node_zones[0];
}

void guest_kernel_exit(void)
{
	free(guest_kernel.pages);
	free(guest_kernel.online);
	guest_kernel.pages = NULL;
	guest_kernel.online = NULL;
}

void guest_kernel_free(unsigned long pfn, unsigned int order)
{
	guest_kernel.pages[pfn].page_type = PAGE_BUDDY;
	guest_kernel.pages[pfn].private = order;
}

void guest_kernel_alloc(unsigned long pfn)
{
	guest_kernel.pages[pfn].page_type = 0;
	guest_kernel.pages[pfn].private = 0;
}

void guest_kernel_compound(unsigned long pfn, unsigned int order)
{
	struct page *head = &guest_kernel.pages[pfn];
	unsigned long i;

	head->flags |= PAGE_HEAD;
	head[1].order = order;
	for (i = 1; i < 1UL << order; i++)
		head[i].compound_head = (unsigned long)head | 1;
}

u64 ktime_get_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + now.tv_nsec;
}

void guest_kernel_lock(spinlock_t *lock)
{
	if (guest_kernel.before_lock)
		guest_kernel.before_lock((struct zone *)lock);
	must(!__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE), "the lock is held");
	if (guest_kernel.best_ns)
		guest_kernel.locked_at = ktime_get_ns();
}

void guest_kernel_unlock(spinlock_t *lock)
{
	if (guest_kernel.best_ns) {
		u64 *best = &guest_kernel.best_ns[guest_kernel.holds];

		*best = min(*best, ktime_get_ns() - guest_kernel.locked_at);
	}
	guest_kernel.holds++;
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

void guest_kernel_assert_held(const spinlock_t *lock)
{
	must(lock->held, "a lock is not held");
}

void synchronize_rcu(void)
{
	must(!guest_kernel.readers, "a reader waits for itself");
	guest_kernel.grace_periods++;
}

void synchronize_rcu_expedited(void)
{
	must(!guest_kernel.readers, "a reader waits for itself");
	guest_kernel.expedited++;
}

/* NULL as well for what the scan of a larger bitmap asks beyond the end. */
struct page *pfn_to_online_page(unsigned long pfn)
{
	must(guest_kernel.readers, "an online page outside of RCU");
	if (pfn >= guest_kernel.count || !guest_kernel.online[pfn / MAX_ORDER_NR_PAGES])
		return NULL;
	return &guest_kernel.pages[pfn];
}
