// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of giving memory back. The head of guest_offer.c shows why guest and
 * host never use an offered block at the same time.
 */
#include "host_offer.h"
#include "shm_order.h"
#include "../include/freehint/limits.h"

void freehint_write_give_back_request(struct freehint_shm *shm, u64 session, u32 order, u64 leave)
{
	struct freehint_give_back_request *line = &shm->give_back_request;

	shm_store(&line->session, FREEHINT_NO_SESSION);
	shm_store_fence();
	shm_store(&line->order, order);
	shm_store(&line->leave, leave);
	shm_store_release(&line->session, session);
}

u64 freehint_read_session(const struct freehint_reader *reader)
{
	return shm_load(&reader->shm->give_back_request.session);
}

u64 freehint_offer_sequence(const struct freehint_reader *reader)
{
	return shm_load_acquire(&reader->shm->offer.sequence);
}

static int check_block(u64 block)
{
	u64 order = block >> FREEHINT_BLOCK_ORDER_SHIFT;
	u64 pfn = freehint_block_pfn(block);

	if (order > FREEHINT_BLOCK_MAX_ORDER)
		return -EINVAL;
	/* Also that the bits between pfn and order are zero. */
	if (block != (pfn | order << FREEHINT_BLOCK_ORDER_SHIFT))
		return -EINVAL;
	if (pfn % (1ULL << order) || pfn > FREEHINT_MAX_PAGES - (1ULL << order))
		return -EINVAL;
	return 0;
}

int freehint_copy_offer(const struct freehint_reader *reader, struct freehint_offer *offer)
{
	const struct freehint_offer *line = &reader->shm->offer;
	u32 i;

	offer->sequence = shm_load_acquire(&line->sequence);
	if (offer->sequence == FREEHINT_NO_OFFER)
		return -EAGAIN;
	offer->session = shm_load(&line->session);
	offer->count = shm_load(&line->count);
	for (i = 0; i < offer->count && i < FREEHINT_OFFER_BLOCKS; i++)
		offer->block[i] = shm_load(&line->block[i]);
	/* Pairs with the fence after the sequence was cleared. */
	shm_load_fence();
	if (shm_load(&line->sequence) != offer->sequence)
		return -EAGAIN;
	if (offer->sequence > FREEHINT_OFFER_MAX || !offer->count ||
	    offer->count > FREEHINT_OFFER_BLOCKS)
		return -EINVAL;
	for (i = 0; i < offer->count; i++)
		if (check_block(offer->block[i]))
			return -EINVAL;
	return 0;
}

static void write_answer(struct freehint_shm *shm, u64 sequence, enum freehint_answer answer)
{
	/* Release: the discards are over when the guest sees the answer. */
	shm_store_release(&shm->give_back_answer.answer,
			  sequence << FREEHINT_ANSWER_BITS | answer);
}

/* A reset or kexec leaves the last offer of an earlier kernel: it has another session. */
static bool offer_stands(const struct freehint_shm *shm, u64 sequence)
{
	u64 session = shm_load(&shm->give_back_request.session);

	return sequence != FREEHINT_NO_OFFER && session != FREEHINT_NO_SESSION &&
	       shm_load_acquire(&shm->offer.sequence) == sequence &&
	       shm_load(&shm->offer.session) == session;
}

int freehint_take_offer(struct freehint_shm *shm, u64 sequence)
{
	write_answer(shm, sequence, FREEHINT_ANSWER_TAKEN);
	shm_full_fence();
	if (offer_stands(shm, sequence))
		return 0;
	write_answer(shm, sequence, FREEHINT_ANSWER_DECLINED);
	return -ESTALE;
}

void freehint_answer_offer(struct freehint_shm *shm, u64 sequence,
			   enum freehint_answer answer)
{
	write_answer(shm, sequence, answer);
}

int freehint_read_give_back_state(const struct freehint_reader *reader, u64 session,
				  struct freehint_give_back_state *state)
{
	const struct freehint_give_back_state *line = &reader->shm->give_back_state;

	state->session = shm_load_acquire(&line->session);
	state->drained = shm_load(&line->drained);
	state->offers = shm_load(&line->offers);
	state->pages = shm_load(&line->pages);
	state->withdrawn = shm_load(&line->withdrawn);
	shm_load_fence();
	if (session == FREEHINT_NO_SESSION || state->session != session ||
	    shm_load(&line->session) != session)
		return -EAGAIN;
	return 0;
}
