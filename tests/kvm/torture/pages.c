// SPDX-License-Identifier: GPL-2.0
/*
 * The torture guest's page allocator, and the shadow table that knows what every
 * page in use must hold.
 *
 * A page is free, or owned by the code that works on it, or filled. Its entry in
 * the table changes under the lock; its content only while it is owned. A guest may
 * be stopped between any two instructions, and whoever looks at its memory then can
 * tell from the table alone what every filled page must hold.
 *
 * Every page is compared before it is filled again or freed, so that a lost write
 * is found at the latest when its trace is about to vanish.
 */
#include "pages.h"
#include "report.h"

#define WORDS		512	/* in a page */
#define MAX_PAGES	((MAP_PAGES - MAP_SHADOW) / sizeof(u32))
#define LOOK_BITS	64

static u32 *const shadow = (u32 *)MAP_SHADOW;
static u64 found_free[MAX_PAGES / LOOK_BITS + 1];
static u64 first_pfn;
static u64 end_pfn;
static u64 used;
static u32 fillings;
static u32 lock;

static void lock_pages(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		relax();
}

static void unlock_pages(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void pages_init(u64 first, u64 end)
{
	u64 pfn;

	end_pfn = end < MAX_PAGES ? end : MAX_PAGES;
	first_pfn = first;
	for (pfn = 0; pfn < end_pfn; pfn++)
		shadow[pfn] = pfn < MAP_PAGES / 4096 ? PAGE_RESERVED : PAGE_FREE;
}

u64 pages_first(void)
{
	return first_pfn;
}

u64 pages_end(void)
{
	return end_pfn;
}

u64 pages_used(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

/* Word @i of a page is this plus @i; never what a fresh or an older page holds. */
static u64 content(u64 pfn, u32 entry)
{
	return (pfn << 32 | (entry & PAGE_FILLING)) * 0x9e3779b97f4a7c15ULL;
}

static bool is_filled_with(u64 pfn, u32 entry)
{
	const u64 *word = (const u64 *)(pfn * 4096);
	u64 first = content(pfn, entry), i;

	for (i = 0; i < WORDS; i++)
		if (word[i] != first + i)
			return false;
	return true;
}

static void check(u64 pfn, u32 entry)
{
	u64 n;

	count(compared, 1);
	if (is_filled_with(pfn, entry))
		return;
	n = __atomic_fetch_add(&report()->wrong, 1, __ATOMIC_RELAXED);
	if (n < REPORT_BAD)
		report()->bad[n] = (u64)entry << 32 | pfn;
}

static void note_reuse(u64 pfn)
{
	u64 *word = &found_free[pfn / LOOK_BITS], bit = 1ULL << pfn % LOOK_BITS;

	if (*word & bit)
		count(reused, 1);
	*word &= ~bit;
}

bool page_take(u64 pfn)
{
	bool free;

	lock_pages();
	free = shadow[pfn] == PAGE_FREE;
	if (free) {
		shadow[pfn] = PAGE_OWNED;
		used++;
		note_reuse(pfn);
	}
	unlock_pages();
	if (free)
		count(taken, 1);
	return free;
}

/* Return: the entry as it was, PAGE_FREE when the page cannot be had. */
static u32 own(u64 pfn, u32 unless)
{
	u32 entry;

	lock_pages();
	entry = shadow[pfn];
	if (entry & unless)
		entry = PAGE_FREE;
	if (entry != PAGE_FREE)
		shadow[pfn] = entry | PAGE_OWNED;
	unlock_pages();
	return entry;
}

static void put(u64 pfn, u32 entry)
{
	lock_pages();
	shadow[pfn] = entry;
	unlock_pages();
}

bool page_claim(u64 pfn)
{
	u32 entry = own(pfn, PAGE_OWNED | PAGE_KEPT);

	if (entry == PAGE_FREE)
		return false;
	check(pfn, entry);
	return true;
}

static u32 next_filling(void)
{
	u32 n = __atomic_add_fetch(&fillings, 1, __ATOMIC_RELAXED) & PAGE_FILLING;

	return n ? n : next_filling();
}

void page_fill(u64 pfn, bool keep)
{
	u32 entry = next_filling();
	u64 *word = (u64 *)(pfn * 4096);
	u64 first = content(pfn, entry), i;

	for (i = 0; i < WORDS; i++)
		__atomic_store_n(&word[i], first + i, __ATOMIC_RELAXED);
	put(pfn, entry | (keep ? PAGE_KEPT : 0));
	count(written, 1);
}

void page_free(u64 pfn)
{
	lock_pages();
	shadow[pfn] = PAGE_FREE;
	used--;
	unlock_pages();
	count(freed, 1);
}

void page_check_all(void)
{
	u64 pfn;
	u32 entry;

	for (pfn = pages_first(); pfn < end_pfn; pfn++) {
		entry = own(pfn, PAGE_OWNED);
		if (entry == PAGE_FREE)
			continue;
		check(pfn, entry);
		put(pfn, entry & ~PAGE_KEPT);
	}
}

void pages_look(u64 pfn, u64 *words, u64 words_count)
{
	u64 i, n = words_count * LOOK_BITS;

	for (i = 0; i < words_count; i++)
		words[i] = 0;
	lock_pages();
	for (i = 0; i < n && pfn + i < end_pfn; i++)
		if (shadow[pfn + i] == PAGE_FREE)
			words[i / LOOK_BITS] |= 1ULL << i % LOOK_BITS;
	for (i = 0; i < words_count && pfn / LOOK_BITS + i < MAX_PAGES / LOOK_BITS; i++)
		found_free[pfn / LOOK_BITS + i] |= words[i];
	unlock_pages();
}

void pages_look_anew(void)
{
	u64 i;

	lock_pages();
	for (i = 0; i < MAX_PAGES / LOOK_BITS; i++)
		found_free[i] = 0;
	unlock_pages();
}
