/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest module for unit tests of the extension: it publishes a hello, and has whatever
 * contract the test wants it to have.
 */
#ifndef FREEHINT_GUEST_VOICE_H
#define FREEHINT_GUEST_VOICE_H

#include "proto/guest_publish.h"

/**
 * guest_voice_hello() - answer the host's hello that stands in the region
 * @pub:      filled; for freehint_withdraw() and the like
 * @shm:      region
 * @size:     bytes of it
 * @contract: enum freehint_contract
 * @refusal:  enum freehint_refusal
 *
 * Return: false when the host's hello could not be used.
 */
static inline bool guest_voice_hello(struct freehint_publisher *pub, void *shm, u64 size,
				     u16 contract, u16 refusal)
{
	const struct freehint_guest_facts facts = {
		.contract = contract,
		.refusal = refusal,
		.max_order = 10,
		.end_pfn = 1000,
	};
	struct freehint_request req;

	if (freehint_publisher_attach(pub, shm, size) || !freehint_read_request(pub, &req))
		return false;
	freehint_publish_hello(pub, req.instance, &facts);
	return true;
}

#endif /* FREEHINT_GUEST_VOICE_H */
