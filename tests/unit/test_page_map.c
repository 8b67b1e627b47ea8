// SPDX-License-Identifier: GPL-2.0
/*
 * A map of pages: ranges of any alignment, beyond its end, sums, reset; two maps are two.
 */
/* links: host-agent/qemu-module/map/page_map.c */
#include "host-agent/qemu-module/map/page_map.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

#define PAGES	1000ULL

static bool expected[PAGES];

static void add(u64 page, u64 pages)
{
	u64 i;

	page_map_add(&hinted_map, page * FREEHINT_PAGE_SIZE, pages * FREEHINT_PAGE_SIZE);
	for (i = page; i < page + pages && i < PAGES; i++)
		expected[i] = true;
}

static void check(u64 first, u64 end)
{
	u64 i, count = 0;

	for (i = first; i < end && i < PAGES; i++)
		count += expected[i];
	assert_int_equal(page_map_count(&hinted_map, first, end), count);
}

static int setup(void **state)
{
	page_map_reset(&hinted_map);
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
	page_map_add(&hinted_map, PAGES * FREEHINT_PAGE_SIZE, 64 * FREEHINT_PAGE_SIZE);
	page_map_add(&hinted_map, ~0ULL << FREEHINT_PAGE_SHIFT, FREEHINT_PAGE_SIZE);
	assert_int_equal(page_map_count(&hinted_map, 0, ~0ULL), 1);
	assert_int_equal(page_map_count(&hinted_map, PAGES, PAGES + 64), 0);
}

static void a_reset_forgets_all(void **state)
{
	add(0, PAGES);
	assert_int_equal(page_map_count(&hinted_map, 0, PAGES), PAGES);
	page_map_reset(&hinted_map);
	assert_int_equal(page_map_count(&hinted_map, 0, PAGES), 0);
}

static void one_map_knows_nothing_of_another(void **state)
{
	page_map_add(&given_map, 0, FREEHINT_PAGE_SIZE);
	assert_int_equal(page_map_count(&given_map, 0, 64), 0);
	assert_int_equal(page_map_init(&given_map, 64), 0);
	page_map_add(&given_map, FREEHINT_PAGE_SIZE, FREEHINT_PAGE_SIZE);
	assert_true(page_map_has(&given_map, 1));
	assert_false(page_map_has(&given_map, 0));
	assert_false(page_map_has(&given_map, 64));
	assert_false(page_map_has(&hinted_map, 1));
}

static int init(void **state)
{
	/* Harmless before the map is there, and only the first size counts. */
	page_map_reset(&hinted_map);
	page_map_add(&hinted_map, 0, FREEHINT_PAGE_SIZE);
	return page_map_count(&hinted_map, 0, 64) != 0 || page_map_init(&hinted_map, PAGES) ||
	       page_map_init(&hinted_map, 1);
}

RUN_TESTS(init, NULL,
		cmocka_unit_test_setup(ranges_of_any_alignment_add_up, setup),
		cmocka_unit_test_setup(word_edges_are_exact, setup),
		cmocka_unit_test_setup(what_lies_beyond_the_end_is_left_out, setup),
		cmocka_unit_test_setup(a_reset_forgets_all, setup),
		cmocka_unit_test_setup(one_map_knows_nothing_of_another, setup),
)
