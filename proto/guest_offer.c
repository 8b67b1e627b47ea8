// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of giving memory back.
 *
 * Invariant: guest and host never use an offered block at the same time. Withdrawing and
 * taking are a store, a full fence and a load each, so at least one side sees the other:
 *
 *	guest				host (host_offer.c)
 *	offer.sequence = 0		answer = S, TAKEN
 *	full fence			full fence
 *	answer == (S, TAKEN) ?		offer.sequence == S ?
 *	  yes: wait for the host	  no: answer = S, DECLINED
 *	  no: put the blocks back	  yes: discard, then answer = S, DONE
 *
 * When both see each other, the host declines and the guest waits for that.
 *
 * So an offer ends with a withdrawal, also after DONE: while its sequence stands in the
 * region, an agent that was started again may have it taken once more.
 *
 * While the device decodes no memory (a reset of the bus) the store is lost, and loads are
 * zeros or all ones. That is no answer and no other host: a withdrawal counts only if the
 * host's instance could be loaded before and after.
 */
#include "guest_offer.h"
#include "shm_order.h"

bool freehint_read_reclaim(const struct freehint_publisher *pub,
			   struct freehint_reclaim *reclaim)
{
	const struct freehint_give_back_request *line = &pub->shm->give_back_request;

	reclaim->instance = shm_load(&pub->shm->host_hello.instance);
	reclaim->session = FREEHINT_NO_SESSION;
	if (pub->version < FREEHINT_VERSION_GIVE_BACK)
		return true;
	reclaim->session = shm_load_acquire(&line->session);
	reclaim->order = shm_load(&line->order);
	reclaim->leave = shm_load(&line->leave);
	shm_load_fence();
	if (!freehint_reclaim_is_current(pub, reclaim))
		return false;
	if (!reclaim->order || reclaim->order > FREEHINT_BLOCK_MAX_ORDER)
		reclaim->session = FREEHINT_NO_SESSION;
	return true;
}

bool freehint_reclaim_is_current(const struct freehint_publisher *pub,
				 const struct freehint_reclaim *reclaim)
{
	return shm_load(&pub->shm->give_back_request.session) == reclaim->session &&
	       freehint_host_is_same(pub, reclaim);
}

static bool is_instance(u64 value)
{
	return value && value <= FREEHINT_ROUND_MAX;
}

bool freehint_host_is_same(const struct freehint_publisher *pub,
			   const struct freehint_reclaim *reclaim)
{
	u64 instance = shm_load(&pub->shm->host_hello.instance);

	return instance == reclaim->instance || !is_instance(instance);
}

bool freehint_device_answers(const struct freehint_publisher *pub)
{
	return is_instance(shm_load(&pub->shm->host_hello.instance));
}

void freehint_clear_offer(struct freehint_publisher *pub)
{
	if (pub->version < FREEHINT_VERSION_GIVE_BACK)
		return;
	shm_store(&pub->shm->offer.sequence, FREEHINT_NO_OFFER);
	/* The hello that follows must not be visible before. */
	shm_store_fence();
}

void freehint_publish_offer(struct freehint_publisher *pub, u64 sequence, u64 session,
			    const u64 *block, unsigned int count)
{
	struct freehint_offer *offer = &pub->shm->offer;
	unsigned int i;

	shm_store(&offer->sequence, FREEHINT_NO_OFFER);
	/* A reader that still copies the offer before sees that it is gone. */
	shm_store_fence();
	for (i = 0; i < count; i++)
		shm_store(&offer->block[i], block[i]);
	shm_store(&offer->count, (u32)count);
	shm_store(&offer->session, session);
	shm_store_release(&offer->sequence, sequence);
	shm_store_flush();
}

enum freehint_answer freehint_offer_answer(const struct freehint_publisher *pub,
					   u64 sequence)
{
	/* Acquire: the host's discard is over before the guest uses a block. */
	u64 answer = shm_load_acquire(&pub->shm->give_back_answer.answer);

	if (answer == FREEHINT_ALL_ONES)
		return FREEHINT_ANSWER_TAKEN;
	if (answer >> FREEHINT_ANSWER_BITS != sequence)
		return FREEHINT_ANSWER_NONE;
	return answer & ((1U << FREEHINT_ANSWER_BITS) - 1);
}

enum freehint_answer freehint_withdraw_offer(struct freehint_publisher *pub, u64 sequence)
{
	bool before = freehint_device_answers(pub);
	enum freehint_answer answer;
	u64 left;

	shm_full_fence();
	shm_store(&pub->shm->offer.sequence, FREEHINT_NO_OFFER);
	shm_full_fence();
	/* Our own line, but believed only against us. */
	left = shm_load(&pub->shm->offer.sequence);
	answer = freehint_offer_answer(pub, sequence);
	shm_load_fence();
	if (!before || left == sequence || left == FREEHINT_ALL_ONES ||
	    !freehint_device_answers(pub))
		return FREEHINT_ANSWER_TAKEN;
	return answer;
}

void freehint_publish_give_back(struct freehint_publisher *pub,
				const struct freehint_give_back_state *state)
{
	struct freehint_give_back_state *line = &pub->shm->give_back_state;

	shm_store(&line->session, FREEHINT_NO_SESSION);
	shm_store_fence();
	shm_store(&line->drained, state->drained);
	shm_store(&line->offers, state->offers);
	shm_store(&line->pages, state->pages);
	shm_store(&line->withdrawn, state->withdrawn);
	shm_store_release(&line->session, state->session);
	shm_store_flush();
}
