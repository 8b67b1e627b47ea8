// SPDX-License-Identifier: GPL-2.0
/*
 * The end of memory while zone and node change: the kernel stores start and length of each one
 * after the other, in any order, and the reader never sees an end beyond memory.
 */
/* links: tests/fakes/guest_kernel.c proto/guest_publish.c */
/* includes: tests/fakes/kernel */
#include "tests/fakes/oom_killer.h"
#include "tests/fakes/guest_kernel.h"

/* The writer goes on between any two loads. */
static void store_what_is_due(void);
#undef READ_ONCE
#define READ_ONCE(x)	(store_what_is_due(), *(volatile typeof(x) *)&(x))

#include "tests/unit/unit.h"

#include "guest-kmod/scan/memory_end.c"

#define BLOCK		1024UL
#define FIRST		(4 * BLOCK)
#define END		(64 * BLOCK)
#define STORES		4U
/* Loads of a reader that looks three times at a zone and its node, and some more. */
#define LOADS		16U

unsigned long jiffies;
struct oom_killer oom_killer;

struct span {
	unsigned long start;
	unsigned long pages;
};

/* What is stored, and before which load of the reader's. */
static struct {
	unsigned long *to;
	unsigned long value;
	unsigned int before;
} store[STORES];
static unsigned int loads, stored;

static void store_what_is_due(void)
{
	for (; stored < STORES && store[stored].before <= loads; stored++)
		*store[stored].to = store[stored].value;
	loads++;
}

static int setup(void **state)
{
	guest_kernel_init(END);
	return 0;
}

static int teardown(void **state)
{
	guest_kernel_exit();
	return 0;
}

/* The zone first; start and length in the order that the compiler has chosen. */
static void prepare(const struct span *from, const struct span *to, bool zone_length_first,
		    bool node_length_first)
{
	pg_data_t *node = &guest_kernel.nodes[0];
	struct zone *zone = &node->node_zones[0];

	zone->zone_start_pfn = from->start;
	zone->spanned_pages = from->pages;
	node->node_start_pfn = from->start;
	node->node_spanned_pages = from->pages;
	store[zone_length_first].to = &zone->zone_start_pfn;
	store[!zone_length_first].to = &zone->spanned_pages;
	store[2 + node_length_first].to = &node->node_start_pfn;
	store[2 + !node_length_first].to = &node->node_spanned_pages;
	store[zone_length_first].value = to->start;
	store[!zone_length_first].value = to->pages;
	store[2 + node_length_first].value = to->start;
	store[2 + !node_length_first].value = to->pages;
	loads = 0;
	stored = 0;
}

/* All moments at which the four stores can be seen. */
static void change(const struct span *from, const struct span *to, unsigned int order)
{
	unsigned int a, b, c, d;

	for (a = 0; a <= LOADS; a++)
		for (b = a; b <= LOADS; b++)
			for (c = b; c <= LOADS; c++)
				for (d = c; d <= LOADS; d++) {
					prepare(from, to, order & 1, order & 2);
					store[0].before = a;
					store[1].before = b;
					store[2].before = c;
					store[3].before = d;
					assert_true(memory_end() <= END);
				}
}

static void change_in_any_order(const struct span *from, const struct span *to)
{
	unsigned int order;

	for (order = 0; order < 4; order++)
		change(from, to, order);
}

static const struct span whole = { 0, END }, late = { FIRST, END - FIRST };
static const struct span early = { 0, END - FIRST }, none = { 0, 0 };

static void memory_that_shrinks_at_its_start_ends_where_it_did(void **state)
{
	change_in_any_order(&whole, &late);
}

static void memory_that_grows_at_its_start_ends_where_it_did(void **state)
{
	change_in_any_order(&late, &whole);
}

static void memory_that_changes_at_its_end_ends_there(void **state)
{
	change_in_any_order(&whole, &early);
	change_in_any_order(&early, &whole);
}

static void memory_that_comes_and_goes_as_a_whole_ends_there(void **state)
{
	change_in_any_order(&late, &none);
	change_in_any_order(&none, &late);
}

static void what_does_not_change_is_read_as_it_is(void **state)
{
	pg_data_t *node = &guest_kernel.nodes[1];

	stored = STORES;
	assert_int_equal(memory_end(), END);
	node->node_zones[1].zone_start_pfn = END + FIRST;
	node->node_zones[1].spanned_pages = BLOCK;
	node->node_start_pfn = END + FIRST;
	node->node_spanned_pages = BLOCK;
	assert_int_equal(memory_end(), END + FIRST + BLOCK);
}

RUN_TESTS(NULL, NULL,
	  TEST(memory_that_shrinks_at_its_start_ends_where_it_did),
	  TEST(memory_that_grows_at_its_start_ends_where_it_did),
	  TEST(memory_that_changes_at_its_end_ends_there),
	  TEST(memory_that_comes_and_goes_as_a_whole_ends_there),
	  TEST(what_does_not_change_is_read_as_it_is),
)
