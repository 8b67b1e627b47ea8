// SPDX-License-Identifier: GPL-2.0
/*
 * A scan that ends early, because its round is over or the device decodes no memory: what the
 * region may have lost is not below the watermark, and the seal says so. A count ends early,
 * too.
 */
/* links: guest-kmod/scan/free_scan.c guest-kmod/scan/memory_end.c tests/fakes/guest_kernel.c */
/* links: proto/guest_publish.c proto/host_request.c proto/host_snapshot.c */
/* includes: tests/fakes/kernel */
#include "scan_rig.h"

/* The device is dark in these blocks. */
static unsigned long dark_from, light_from;

static void end_the_round(struct zone *zone)
{
	region.shm->host_request.round = ROUND + 1;
}

static void a_newer_round_ends_the_scan(void **state)
{
	guest_kernel_free(2 * BLOCK, 10);
	guest_kernel_free(8 * BLOCK, 10);
	guest_kernel.before_lock = end_the_round;
	scan();
	assert_int_equal(result.status, FREEHINT_SEAL_ABORTED);
	assert_int_equal(pub.mark, 0);
	assert_int_equal(pub.free, 0);
}

/* Zeros are loaded while a device decodes no memory. */
static void device_goes_dark(struct zone *zone)
{
	u64 block = pub.mark / BLOCK;

	region.shm->host_request.round = block >= dark_from && block < light_from ? 0 : ROUND;
}

/* A device that is dark when the scan looks may have lost words that were stored before. */
static void what_may_be_lost_is_not_below_the_watermark(void **state)
{
	const struct freehint_seal_facts facts = { .status = FREEHINT_SEAL_ABORTED };
	unsigned long block;

	for (block = 0; block < BLOCKS; block++)
		guest_kernel_free(block * BLOCK, 10);
	guest_kernel.before_lock = device_goes_dark;
	for (dark_from = 0; dark_from < BLOCKS; dark_from++) {
		light_from = dark_from + 1;
		scan();
		assert_int_equal(result.status, FREEHINT_SEAL_ABORTED);
		freehint_seal_round(&pub, &facts);
		assert_true(region.shm->guest_progress.watermark <= dark_from * BLOCK);
		assert_int_equal(region.shm->guest_seal.end_pfn,
				 region.shm->guest_progress.watermark);
		assert_int_equal(region.shm->guest_seal.free_pages,
				 region.shm->guest_progress.watermark);
	}
}

/* A guest of a quarter of a GiB and more, and what has been asked. */
#define LARGE_PAGES	(200 * BLOCK)

static unsigned int asked;

static bool stop_soon(void *data)
{
	return asked++ < 2;
}

/* As many blocks as are counted in half a millisecond, whatever the size of the guest. */
static void a_count_that_is_of_no_use_any_more_ends(void **state)
{
	struct free_scan_unreported found;
	unsigned long pfn;

	guest_kernel_exit();
	guest_kernel_init(LARGE_PAGES);
	for (pfn = 0; pfn < LARGE_PAGES; pfn += BLOCK)
		guest_kernel_free(pfn, 0);
	asked = 0;
	assert_false(free_scan_count_unreported(0, stop_soon, NULL, &found));
	assert_int_equal(guest_kernel.holds, 128);
	assert_int_equal(guest_kernel.readers, 0);
}

RUN_TESTS(NULL, NULL,
	  TEST(a_newer_round_ends_the_scan),
	  TEST(what_may_be_lost_is_not_below_the_watermark),
	  TEST(a_count_that_is_of_no_use_any_more_ends),
)
