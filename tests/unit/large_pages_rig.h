/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scan of a guest whose pages are larger than those of the region: each test file says
 * how large, and what this file tests is true for every size.
 */
/* links: guest-kmod/scan/free_scan.c guest-kmod/scan/memory_end.c tests/fakes/guest_kernel.c */
/* links: proto/guest_publish.c proto/host_request.c proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#ifndef FREEHINT_TESTS_LARGE_PAGES_RIG_H
#define FREEHINT_TESTS_LARGE_PAGES_RIG_H

#include "tests/unit/scanned_guest.h"
#include "guest-kmod/scan/memory_end.h"
#include "guest-kmod/scan/page_units.h"

#define SIZE		262144ULL
#define SMALL_SIZE	8192ULL
#define BLOCK		((unsigned long)MAX_ORDER_NR_PAGES)
/* More than a small region has bits for. */
#define BLOCKS		(PAGE_SHIFT == 12 ? 40UL : 8UL)
#define PAGES		(BLOCKS * BLOCK)
/* Pages of the region in a page of the guest. */
#define UNITS		(1UL << (PAGE_SHIFT - 12))
/* Pages of the guest that are confirmed in one hold of a lock. */
#define HELD		1024UL

static int setup(void **state)
{
	make_guest(SIZE, PAGES);
	return free_scan_init();
}

static void scan(void)
{
	scan_a_round();
	assert_int_equal(result.status, FREEHINT_SEAL_COMPLETE);
}

static bool reported(u64 unit)
{
	return *region_word(&region, unit / 64) >> unit % 64 & 1;
}

/* All of the @count pages of the guest at @pfn are reported, and no others. */
static void assert_only(unsigned long pfn, unsigned long count)
{
	u64 unit;

	assert_int_equal(pub.free, count * UNITS);
	for (unit = pfn * UNITS; unit < (pfn + count) * UNITS; unit++)
		assert_true(reported(unit));
}

static void sizes_are_those_of_the_region(void **state)
{
	assert_int_equal(page_units(memory_end()), PAGES * UNITS);
	scan();
	assert_int_equal(pub.mark, PAGES * UNITS);
	assert_int_equal(pub.free, 0);
}

static void one_page_is_several_of_the_region(void **state)
{
	guest_kernel_free(2 * BLOCK + 77, 0);
	scan();
	assert_only(2 * BLOCK + 77, 1);
	assert_false(reported((2 * BLOCK + 77) * UNITS - 1));
	assert_false(reported((2 * BLOCK + 78) * UNITS));
}

static void a_page_of_the_highest_order_is_a_block(void **state)
{
	guest_kernel_free(3 * BLOCK, ilog2(MAX_ORDER_NR_PAGES));
	scan();
	assert_only(3 * BLOCK, BLOCK);
}

static void every_second_page_is_found(void **state)
{
	unsigned long pfn;
	u64 unit;

	for (pfn = 1; pfn < PAGES; pfn += 2)
		guest_kernel_free(pfn, 0);
	scan();
	assert_int_equal(pub.free, PAGES / 2 * UNITS);
	for (unit = 0; unit < PAGES * UNITS; unit++)
		assert_int_equal(reported(unit), unit / UNITS % 2);
}

static void a_lock_is_not_held_for_a_whole_block(void **state)
{
	unsigned long pfn;

	for (pfn = 0; pfn < BLOCK; pfn++)
		guest_kernel_free(pfn, 0);
	scan();
	assert_int_equal(guest_kernel.holds, BLOCK / HELD);
	assert_only(0, BLOCK);
}

static void a_bitmap_that_is_too_small_is_filled(void **state)
{
	unsigned long block;

	teardown(state);
	make_guest(SMALL_SIZE, PAGES);
	free_scan_init();
	for (block = 0; block < BLOCKS; block++)
		guest_kernel_free(block * BLOCK, ilog2(MAX_ORDER_NR_PAGES));
	scan();
	assert_true(pub.capacity < PAGES * UNITS);
	assert_int_equal(pub.free, pub.capacity);
	assert_int_equal(pub.mark, pub.capacity);
}

static bool always(void *data)
{
	return true;
}

static void what_was_not_given_back_is_counted_in_pages_of_the_region(void **state)
{
	struct free_scan_unreported found;

	guest_kernel_free(BLOCK, ilog2(MAX_ORDER_NR_PAGES));
	guest_kernel_free(3 * BLOCK + 8, 3);
	guest_kernel.pages[BLOCK].flags |= PAGE_REPORTED;
	guest_kernel_free(4 * BLOCK, 2);
	assert_true(free_scan_count_unreported(3, always, NULL, &found));
	assert_int_equal(found.pages, 12 * UNITS);
	assert_int_equal(found.large, 8 * UNITS);
}

static void orders_of_the_region_are_not_rounded_down(void **state)
{
	unsigned int order;

	for (order = 1; order <= FREEHINT_BLOCK_MAX_ORDER; order++) {
		unsigned int own = page_units_order(order);

		assert_true(own >= 1);
		assert_true(UNITS << own >= 1UL << order);
		assert_true(own == 1 || UNITS << own == 1UL << order);
	}
}

#define LARGE_PAGES_TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

static int run_large_pages(void)
{
	const struct CMUnitTest tests[] = {
		LARGE_PAGES_TEST(sizes_are_those_of_the_region),
		LARGE_PAGES_TEST(one_page_is_several_of_the_region),
		LARGE_PAGES_TEST(a_page_of_the_highest_order_is_a_block),
		LARGE_PAGES_TEST(every_second_page_is_found),
		LARGE_PAGES_TEST(a_lock_is_not_held_for_a_whole_block),
		LARGE_PAGES_TEST(a_bitmap_that_is_too_small_is_filled),
		LARGE_PAGES_TEST(what_was_not_given_back_is_counted_in_pages_of_the_region),
		cmocka_unit_test(orders_of_the_region_are_not_rounded_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif /* FREEHINT_TESTS_LARGE_PAGES_RIG_H */
