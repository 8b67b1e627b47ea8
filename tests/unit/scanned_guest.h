/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest, its region, and a publisher that a scan stores into: what the rigs of the scan share.
 */
#ifndef FREEHINT_SCANNED_GUEST_H
#define FREEHINT_SCANNED_GUEST_H

#include "guest-kmod/scan/free_scan.h"
#include "tests/fakes/guest_kernel.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define ROUND		77ULL

static struct region region;
static struct freehint_publisher pub;
static struct free_scan_result result;

/* @size: of the region, bytes. @pages: of the guest */
static void make_guest(u64 size, unsigned long pages)
{
	region = region_make(size);
	guest_kernel_init(pages);
	assert_int_equal(freehint_publisher_attach(&pub, region.base, size), 0);
}

static int teardown(void **state)
{
	(void)state;
	free_scan_exit();
	guest_kernel_exit();
	region_drop(&region);
	return 0;
}

static void scan_a_round(void)
{
	region.shm->host_request.round = ROUND;
	freehint_open_round(&pub, ROUND);
	free_scan_publish(&pub, 4, &result);
}

#endif /* FREEHINT_SCANNED_GUEST_H */
