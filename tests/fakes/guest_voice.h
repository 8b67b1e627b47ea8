/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest module for unit tests: it publishes a hello, with any contract that a test wants, and
 * words of its bitmap.
 */
#ifndef FREEHINT_GUEST_VOICE_H
#define FREEHINT_GUEST_VOICE_H

#include "proto/guest_publish.h"
#include "proto/host_request.h"

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
		.give_back = FREEHINT_GIVE_BACK_POSSIBLE,
	};
	struct freehint_request req;

	if (freehint_publisher_attach(pub, shm, size) || !freehint_read_request(pub, &req))
		return false;
	freehint_publish_hello(pub, req.instance, &facts);
	return true;
}

/** guest_voice_put() - publish @count times the bitmap word @word, up to the watermark */
static inline void guest_voice_put(struct freehint_publisher *pub, u64 word, u64 count)
{
	while (count--)
		freehint_put_words(pub, &word, 1);
	freehint_advance(pub);
}

/** guest_voice_seal() - end the round, @status is an enum freehint_seal_status */
static inline void guest_voice_seal(struct freehint_publisher *pub, u32 status)
{
	const struct freehint_seal_facts facts = { .status = status };

	freehint_seal_round(pub, &facts);
}

/** guest_voice_round() - the host opens @round, the guest answers it with @count times @word */
static inline void guest_voice_round(struct freehint_publisher *pub, struct freehint_shm *shm,
				     u64 round, u64 word, u64 count)
{
	freehint_write_request(shm, round, FREEHINT_PHASE_ROUND, 1);
	freehint_open_round(pub, round);
	guest_voice_put(pub, word, count);
	guest_voice_seal(pub, FREEHINT_SEAL_COMPLETE);
}

#endif /* FREEHINT_GUEST_VOICE_H */
