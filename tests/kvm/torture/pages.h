/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The torture guest's page allocator, and the shadow table that knows what every
 * page in use must hold.
 */
#ifndef TORTURE_PAGES_H
#define TORTURE_PAGES_H

#include "include/freehint/types.h"

/*
 * A page's entry in the shadow table is 0 when the page is free. Otherwise it is
 * the number of its last filling and two flags. torture.py reads it, too.
 */
#define PAGE_FREE	0U
/* Somebody owns it alone and may be filling it: its content is nobody's business. */
#define PAGE_OWNED	0x80000000U
/* Neither filled again nor freed before the next check: no write covers up a lost one. */
#define PAGE_KEPT	0x40000000U
#define PAGE_FILLING	0x3fffffffU
/* Not the allocator's: the guest's own memory. */
#define PAGE_RESERVED	0xffffffffU

/** pages_init() - everything from MAP_PAGES to page @end is free; take from @first on */
void pages_init(u64 first, u64 end);

/** pages_first(), pages_end() - which pages there are to take: [first, end) */
u64 pages_first(void);
u64 pages_end(void);

/** pages_used() - how many of them are not free */
u64 pages_used(void);

/** page_take() - own page @pfn if it is free; its content is whatever it is */
bool page_take(u64 pfn);

/**
 * page_claim() - own page @pfn, which is in use, after a look at its content
 *
 * Return: false when it is free, kept, or somebody else's.
 */
bool page_claim(u64 pfn);

/** page_fill() - write an owned page from end to end and own it no longer */
void page_fill(u64 pfn, bool keep);

/** page_free() - give an owned page back */
void page_free(u64 pfn);

/** page_check_all() - compare every page that nobody owns; kept ones are kept no longer */
void page_check_all(void);

/**
 * pages_look() - which of the pages [@pfn, @pfn + 64 * @count) are free now
 *
 * The allocator is locked meanwhile, as a zone of the kernel is.
 */
void pages_look(u64 pfn, u64 *words, u64 count);

/** pages_look_anew() - forget what was found free: a new round begins */
void pages_look_anew(void);

#endif /* TORTURE_PAGES_H */
