/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of 16 blocks of pages: what the tests of the scan begin with.
 */
#ifndef FREEHINT_SCAN_RIG_H
#define FREEHINT_SCAN_RIG_H

#include "tests/unit/scanned_guest.h"

#define SIZE		16384ULL
#define BLOCK		1024UL
#define BLOCKS		16UL
#define PAGES		(BLOCKS * BLOCK)

static int setup(void **state)
{
	(void)state;
	make_guest(SIZE, PAGES);
	guest_kernel.counted = true;
	return free_scan_init();
}

static void scan(void)
{
	scan_a_round();
	assert_int_equal(guest_kernel.readers, 0);
}

#endif /* FREEHINT_SCAN_RIG_H */
