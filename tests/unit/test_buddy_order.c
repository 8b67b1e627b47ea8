// SPDX-License-Identifier: GPL-2.0
/*
 * Orders of free pages: which of them are valid, and that the pages of a valid one lie in
 * one block.
 */
#include "guest-kmod/scan/buddy_order.h"
#include "tests/unit/unit.h"

#define MAX_ORDER	10U
#define BLOCK		(1UL << MAX_ORDER)

static void an_order_fits_its_alignment_alone(void **state)
{
	assert_true(buddy_order_is_valid(0, 10, MAX_ORDER));
	assert_true(buddy_order_is_valid(1024, 10, MAX_ORDER));
	assert_true(buddy_order_is_valid(1, 0, MAX_ORDER));
	assert_false(buddy_order_is_valid(512, 10, MAX_ORDER));
	assert_false(buddy_order_is_valid(1, 1, MAX_ORDER));
	assert_false(buddy_order_is_valid(0, 11, MAX_ORDER));
	assert_false(buddy_order_is_valid(0, ~0UL, MAX_ORDER));
}

static void a_page_of_a_valid_order_lies_in_one_block(void **state)
{
	unsigned long pfn, order, valid = 0;

	for (pfn = 5 * BLOCK; pfn < 7 * BLOCK; pfn++)
		for (order = 0; order <= 64; order++) {
			if (!buddy_order_is_valid(pfn, order, MAX_ORDER))
				continue;
			assert_in_range(pfn % BLOCK + (1UL << order), 1, BLOCK);
			valid++;
		}
	/* Each block has BLOCK pages of order 0, half as many of order 1, and so on. */
	assert_int_equal(valid, 2 * (2 * BLOCK - 1));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(an_order_fits_its_alignment_alone),
		cmocka_unit_test(a_page_of_a_valid_order_lies_in_one_block),
)
