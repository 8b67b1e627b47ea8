/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of 16 blocks of pages, a region, and a publisher that a scan stores into: what the
 * tests of the scan begin with.
 */
#ifndef FREEHINT_SCAN_RIG_H
#define FREEHINT_SCAN_RIG_H

#include "guest-kmod/free_scan.h"
#include "region.h"
#include "tests/fakes/guest_kernel.h"
#include "tests/unit/unit.h"

#define SIZE		16384ULL
#define BLOCK		1024UL
#define BLOCKS		16UL
#define PAGES		(BLOCKS * BLOCK)
#define ROUND		77ULL

static struct region region;
static struct freehint_publisher pub;
static struct free_scan_result result;

static int setup(void **state)
{
	(void)state;
	region = region_make(SIZE);
	guest_kernel_init(PAGES);
	guest_kernel.counted = true;
	assert_int_equal(free_scan_init(), 0);
	return freehint_publisher_attach(&pub, region.base, SIZE);
}

static int teardown(void **state)
{
	(void)state;
	free_scan_exit();
	guest_kernel_exit();
	region_drop(&region);
	return 0;
}

static void scan(void)
{
	region.shm->host_request.round = ROUND;
	freehint_open_round(&pub, ROUND);
	free_scan_publish(&pub, 4, &result);
	assert_int_equal(guest_kernel.readers, 0);
}

#endif /* FREEHINT_SCAN_RIG_H */
