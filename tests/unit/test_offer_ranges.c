// SPDX-License-Identifier: GPL-2.0
/*
 * The blocks of an offer as ranges: in order, merged where they touch or overlap, and
 * never more than what was offered.
 */
/* links: host-agent/agent/give-back/offer_ranges.c */
#include "host-agent/agent/give-back/offer_ranges.h"
#include "proto/guest_offer.h"
#include "tests/unit/unit.h"

#define MIB	(1ULL << 20)

static struct freehint_offer offer;
static struct freehint_range out[FREEHINT_OFFER_BLOCKS];

static int setup(void **state)
{
	memset(&offer, 0, sizeof(offer));
	return 0;
}

static void add(u64 pfn, unsigned int order)
{
	offer.block[offer.count++] = freehint_block(pfn, order);
}

static void expect_range(unsigned int i, u64 start, u64 length)
{
	assert_int_equal(out[i].start, start);
	assert_int_equal(out[i].length, length);
}

static void blocks_come_in_order(void **state)
{
	add(0x30000, 9);
	add(0x400, 10);
	add(0x10000, 1);
	assert_int_equal(offer_ranges(&offer, out), 3);
	expect_range(0, 4 * MIB, 4 * MIB);
	expect_range(1, 256 * MIB, 8192);
	expect_range(2, 768 * MIB, 2 * MIB);
}

static void neighbours_are_one_range(void **state)
{
	add(0x600, 9);
	add(0x200, 9);
	add(0x400, 9);
	add(0xa00, 9);
	assert_int_equal(offer_ranges(&offer, out), 2);
	expect_range(0, 2 * MIB, 6 * MIB);
	expect_range(1, 10 * MIB, 2 * MIB);
}

/* A hostile guest: what it offers twice is discarded once. */
static void overlapping_blocks_are_one_range(void **state)
{
	add(0x400, 9);
	add(0x400, 10);
	add(0x400, 1);
	add(0x600, 0);
	assert_int_equal(offer_ranges(&offer, out), 1);
	expect_range(0, 4 * MIB, 4 * MIB);
}

static void a_full_offer_fits(void **state)
{
	unsigned int i;

	for (i = FREEHINT_OFFER_BLOCKS; i--;)
		add(i * 2048ULL, 10);
	assert_int_equal(offer_ranges(&offer, out), FREEHINT_OFFER_BLOCKS);
	for (i = 0; i < FREEHINT_OFFER_BLOCKS; i++)
		expect_range(i, i * 8 * MIB, 4 * MIB);
}

static void the_end_of_the_largest_guest_does_not_overflow(void **state)
{
	add((1ULL << 34) - (1ULL << 18), 18);
	assert_int_equal(offer_ranges(&offer, out), 1);
	expect_range(0, (1ULL << 46) - (1ULL << 30), 1ULL << 30);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(blocks_come_in_order, setup),
		cmocka_unit_test_setup(neighbours_are_one_range, setup),
		cmocka_unit_test_setup(overlapping_blocks_are_one_range, setup),
		cmocka_unit_test_setup(a_full_offer_fits, setup),
		cmocka_unit_test_setup(the_end_of_the_largest_guest_does_not_overflow, setup),
)
