// SPDX-License-Identifier: GPL-2.0
/*
 * The map of what was hinted: ranges of any alignment, beyond its end, sums, reset.
 */
/* links: host-agent/qemu-module/map/hint_map.c */
#include "host-agent/qemu-module/map/hint_map.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

#define PAGES	1000ULL

static bool expected[PAGES];

static void add(u64 page, u64 pages)
{
	u64 i;

	hint_map_add(page * FREEHINT_PAGE_SIZE, pages * FREEHINT_PAGE_SIZE);
	for (i = page; i < page + pages && i < PAGES; i++)
		expected[i] = true;
}

static void check(u64 first, u64 end)
{
	u64 i, count = 0;

	for (i = first; i < end && i < PAGES; i++)
		count += expected[i];
	assert_int_equal(hint_map_count(first, end), count);
}

static int setup(void **state)
{
	hint_map_reset();
	memset(expected, 0, sizeof(expected));
	return 0;
}

static void ranges_of_any_alignment_add_up(void **state)
{
	unsigned int seed = 7, i;
	u64 first, second;

	for (i = 0; i < 200; i++) {
		add((u64)rand_r(&seed) % PAGES, (u64)rand_r(&seed) % 130);
		first = (u64)rand_r(&seed) % PAGES;
		second = first + (u64)rand_r(&seed) % 300;
		check(first, second);
	}
	check(0, PAGES);
}

static void word_edges_are_exact(void **state)
{
	u64 at;

	add(63, 2);
	add(128, 64);
	for (at = 60; at < 200; at++)
		check(at, at + 1);
}

static void what_lies_beyond_the_end_is_left_out(void **state)
{
	add(PAGES - 1, 100);
	hint_map_add(PAGES * FREEHINT_PAGE_SIZE, 64 * FREEHINT_PAGE_SIZE);
	hint_map_add(~0ULL << FREEHINT_PAGE_SHIFT, FREEHINT_PAGE_SIZE);
	assert_int_equal(hint_map_count(0, ~0ULL), 1);
	assert_int_equal(hint_map_count(PAGES, PAGES + 64), 0);
}

static void a_reset_forgets_all(void **state)
{
	add(0, PAGES);
	assert_int_equal(hint_map_count(0, PAGES), PAGES);
	hint_map_reset();
	assert_int_equal(hint_map_count(0, PAGES), 0);
}

static int init(void **state)
{
	/* Harmless before the map is there, and only the first size counts. */
	hint_map_reset();
	hint_map_add(0, FREEHINT_PAGE_SIZE);
	return hint_map_count(0, 64) != 0 || hint_map_init(PAGES) || hint_map_init(1);
}

RUN_TESTS(init, NULL,
		cmocka_unit_test_setup(ranges_of_any_alignment_add_up, setup),
		cmocka_unit_test_setup(word_edges_are_exact, setup),
		cmocka_unit_test_setup(what_lies_beyond_the_end_is_left_out, setup),
		cmocka_unit_test_setup(a_reset_forgets_all, setup),
)
