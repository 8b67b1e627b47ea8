/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One offer of free blocks to the host: publishes it, and returns when the blocks are the
 * guest's again.
 */
#ifndef FREEHINT_OFFER_WAIT_H
#define FREEHINT_OFFER_WAIT_H

#include "../../proto/guest_offer.h"

struct device;

/**
 * struct offer_wait - what an offer needs beside its blocks
 * @dev:      PCI device, for the log, and to see that it was unplugged
 * @pub:      attached publisher that nobody else uses
 * @asked:    request that the offer answers
 * @sequence: number of the next offer; never used before by this guest
 * @may_continue: false when the guest wants its blocks back; any context that may sleep
 * @data:     for @may_continue
 */
struct offer_wait {
	struct device *dev;
	struct freehint_publisher pub;
	struct freehint_give_back_ask asked;
	u64 sequence;
	bool (*may_continue)(void *data);
	void *data;
};

/**
 * offer_wait() - offer blocks and wait until they are the guest's again
 * @wait:  offer; @sequence grows by one
 * @block: words of freehint_block(), of order 1 or more, isolated from the allocator
 * @count: 1 to FREEHINT_OFFER_BLOCKS
 *
 * Sleeps. If the host does not take the offer within a second, or @may_continue returns false,
 * the offer is withdrawn. An offer that the host has taken ends only with the host's
 * answer, or with another host: a time limit would let the guest use what the host still
 * discards. A device that decodes no memory is no other host, and is waited for; unless
 * the kernel has marked it as unplugged, and ten seconds are over.
 *
 * An offer of which the device has lost a part is not made, and counts as withdrawn.
 *
 * Return: DONE: every block was discarded; DECLINED: some may be; NONE: none is.
 */
enum freehint_answer offer_wait(struct offer_wait *wait, const u64 *block,
				unsigned int count);

#endif /* FREEHINT_OFFER_WAIT_H */
