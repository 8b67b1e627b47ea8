/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's side of giving memory back: asks for it, copies and checks offers, and
 * answers them. The agent uses the reading functions, the QEMU extension all of them.
 */
#ifndef FREEHINT_HOST_OFFER_H
#define FREEHINT_HOST_OFFER_H

#include "host_snapshot.h"

/**
 * freehint_write_give_back_request() - ask the guest for memory, or stop asking
 * @shm:     start of the region
 * @session: number that was never used before, or FREEHINT_NO_SESSION
 * @order:   smallest order worth an offer, 1 to FREEHINT_BLOCK_MAX_ORDER
 * @leave:   free memory that the guest keeps, pages
 */
void freehint_write_give_back_request(struct freehint_shm *shm, u64 session, u32 order, u64 leave);

/**
 * freehint_read_session() - Return: the session in the host's own request line
 *
 * For the agent: does the extension ask for memory now? The guest can write the line, so
 * the answer is good for the choice of a poll period, no more.
 */
u64 freehint_read_session(const struct freehint_reader *reader);

/** freehint_offer_sequence() - Return: the published offer, FREEHINT_NO_OFFER if none */
u64 freehint_offer_sequence(const struct freehint_reader *reader);

/**
 * freehint_copy_offer() - copy the published offer and check the copy
 * @reader: reader
 * @offer:  filled; valid only if 0 is returned. Each block then has an order up to
 *          FREEHINT_BLOCK_MAX_ORDER, is aligned to its size, and ends below
 *          FREEHINT_MAX_PAGES. Blocks may overlap and be in any order
 *
 * Return: 0; -EAGAIN: there is no offer, or it changed meanwhile; -EINVAL: the offer is
 * malformed.
 */
int freehint_copy_offer(const struct freehint_reader *reader, struct freehint_offer *offer);

/** freehint_block_pfn() - Return: first pfn of a checked block */
static inline u64 freehint_block_pfn(u64 block)
{
	return block & ((1ULL << FREEHINT_BLOCK_PFN_BITS) - 1);
}

/** freehint_block_pages() - Return: pages in a checked block */
static inline u64 freehint_block_pages(u64 block)
{
	return 1ULL << (block >> FREEHINT_BLOCK_ORDER_SHIFT);
}

/**
 * freehint_take_offer() - mark an offer as taken, and check that it still stands
 * @shm:      start of the region
 * @sequence: offer, 1 to FREEHINT_OFFER_MAX
 *
 * On success the guest waits for freehint_answer_offer(). No other offer may be taken
 * meanwhile: the answer to it would tell the guest that this one is over.
 *
 * Return: 0; -ESTALE: the guest has withdrawn it or made another, or it is not of the
 * session in the request line; it is declined.
 */
int freehint_take_offer(struct freehint_shm *shm, u64 sequence);

/**
 * freehint_answer_offer() - the host touches no block of this offer any more
 * @shm:      start of the region
 * @sequence: offer
 * @answer:   FREEHINT_ANSWER_DONE or FREEHINT_ANSWER_DECLINED
 */
void freehint_answer_offer(struct freehint_shm *shm, u64 sequence,
			   enum freehint_answer answer);

/**
 * freehint_read_give_back_state() - copy the guest's counters of a session
 * @reader:  reader
 * @session: session
 * @state:   filled; numbers of the guest's, unchecked
 *
 * Return: 0; -EAGAIN: the guest counts another session or writes the line.
 */
int freehint_read_give_back_state(const struct freehint_reader *reader, u64 session,
				  struct freehint_give_back_state *state);

#endif /* FREEHINT_HOST_OFFER_H */
