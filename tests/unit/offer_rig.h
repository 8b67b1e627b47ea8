/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region with both sides attached and a session of give-back, for the tests of offers.
 */
/* links: proto/guest_offer.c proto/host_offer.c */
/* links: proto/guest_publish.c proto/host_snapshot.c proto/host_request.c */
#ifndef FREEHINT_TEST_OFFER_RIG_H
#define FREEHINT_TEST_OFFER_RIG_H

#include "proto/guest_offer.h"
#include "proto/host_offer.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define SESSION		0x3333444455556666ULL
/* Ids with nothing in common with small numbers, as in real life. */
#define OFFER		0x2b5c7d1100000000ULL

static struct region region;
static struct freehint_shm *shm;
static struct freehint_publisher pub;
static struct freehint_reader reader;

static inline int setup(void **state)
{
	region = region_make(FREEHINT_MIN_REGION);
	shm = region.shm;
	freehint_write_give_back_request(shm, SESSION, 9, 0);
	if (freehint_publisher_attach(&pub, region.base, region.size))
		return -1;
	return freehint_reader_attach(&reader, region.base, region.size);
}

static inline int teardown(void **state)
{
	region_drop(&region);
	return 0;
}

/** offer_one() - offer one block of order 9 */
static inline void offer_one(u64 sequence)
{
	const u64 block = freehint_block(0x200, 9);

	freehint_publish_offer(&pub, sequence, SESSION, &block, 1);
}

#endif /* FREEHINT_TEST_OFFER_RIG_H */
