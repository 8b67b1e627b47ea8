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
 * While the device decodes no memory (a reset of the bus, a bridge whose window changes) stores
 * are lost, and loads are zeros or all ones. Neither is an answer or another host: a withdrawal
 * counts only if the host's instance could be loaded before, meanwhile and after. If stores of
 * blocks were lost, the new sequence would stand over blocks of the last offer: it is stored
 * only after the whole offer was loaded back.
 */
#include "guest_offer.h"
#include "shm_order.h"

static bool is_instance(u64 value)
{
	return value && value <= FREEHINT_ROUND_MAX;
}

bool freehint_read_give_back_request(const struct freehint_publisher *pub,
				     struct freehint_give_back_ask *ask)
{
	const struct freehint_give_back_request *line = &pub->shm->give_back_request;

	ask->instance = shm_load(&pub->shm->host_hello.instance);
	ask->session = FREEHINT_NO_SESSION;
	if (pub->version < FREEHINT_VERSION_GIVE_BACK)
		return true;
	ask->session = shm_load_acquire(&line->session);
	ask->order = shm_load(&line->order);
	ask->leave = shm_load(&line->leave);
	shm_load_fence();
	/* The device may have decoded no memory at the first load and at the last ones. */
	if (!is_instance(ask->instance) || !freehint_give_back_is_current(pub, ask))
		return false;
	if (!ask->order || ask->order > FREEHINT_BLOCK_MAX_ORDER)
		ask->session = FREEHINT_NO_SESSION;
	return true;
}

bool freehint_give_back_is_current(const struct freehint_publisher *pub,
				   const struct freehint_give_back_ask *ask)
{
	return shm_load(&pub->shm->give_back_request.session) == ask->session &&
	       freehint_host_is_same(pub, ask);
}

bool freehint_host_is_same(const struct freehint_publisher *pub,
			   const struct freehint_give_back_ask *ask)
{
	u64 instance = shm_load(&pub->shm->host_hello.instance);

	return instance == ask->instance || !is_instance(instance);
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

/* No word of an offer is 0 or all ones. So one that reads as it was stored is there. */
static bool offer_is_there(const struct freehint_offer *offer, u64 session, const u64 *block,
			   unsigned int count)
{
	unsigned int i;

	if (shm_load(&offer->session) != session || shm_load(&offer->count) != count)
		return false;
	for (i = 0; i < count; i++)
		if (shm_load(&offer->block[i]) != block[i])
			return false;
	return true;
}

bool freehint_publish_offer(struct freehint_publisher *pub, u64 sequence, u64 session,
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
	/*
	 * The loads must return what is in the region, not what the processor is about to
	 * store.
	 */
	shm_full_fence();
	if (!offer_is_there(offer, session, block, count))
		return false;
	shm_store_release(&offer->sequence, sequence);
	shm_store_flush();
	return true;
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

/*
 * Reads the host's answer to an offer that was withdrawn. Our own line in the region counts
 * only if it says that the offer still stands.
 *
 * Return: TAKEN also if the device does not answer, or the offer still stands.
 */
static enum freehint_answer look_at_withdrawn(const struct freehint_publisher *pub,
					      u64 sequence)
{
	u64 left;

	if (!freehint_device_answers(pub))
		return FREEHINT_ANSWER_TAKEN;
	shm_load_fence();
	left = shm_load(&pub->shm->offer.sequence);
	if (left == sequence || left == FREEHINT_ALL_ONES)
		return FREEHINT_ANSWER_TAKEN;
	return freehint_offer_answer(pub, sequence);
}

/*
 * Looks twice, and loads the host's instance before, between and after. If the device decoded
 * no memory when the store was lost, or when an answer of zero was loaded, either the next load
 * of the instance shows it, or one of the two looks sees the region.
 */
enum freehint_answer freehint_withdraw_offer(struct freehint_publisher *pub, u64 sequence)
{
	bool before = freehint_device_answers(pub);
	enum freehint_answer first, last;

	shm_full_fence();
	shm_store(&pub->shm->offer.sequence, FREEHINT_NO_OFFER);
	shm_full_fence();
	first = look_at_withdrawn(pub, sequence);
	last = look_at_withdrawn(pub, sequence);
	if (!before || first == FREEHINT_ANSWER_TAKEN || !freehint_device_answers(pub))
		return FREEHINT_ANSWER_TAKEN;
	return last == FREEHINT_ANSWER_NONE ? first : last;
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
