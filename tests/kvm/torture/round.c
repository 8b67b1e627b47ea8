// SPDX-License-Identifier: GPL-2.0
/*
 * The guest module's part: hello, heartbeat and rounds, with the module's own
 * publishing code, proto/guest_publish.c.
 *
 * A look at the allocator is atomic, as it is in the module. Between that look
 * and everything that follows, the same processor may use memory at random: so
 * pages are taken and filled after they were seen free and before anybody was told.
 */
#include "proto/guest_offer.h"
#include "proto/guest_publish.h"

#include "gives.h"
#include "pages.h"
#include "report.h"
#include "round.h"

/* Words that one look covers: up to 16, an allocator's largest block. */
#define SCAN_WORDS	16

static struct {
	struct freehint_publisher pub;
	void *base;
	u64 size;
	u64 instance;
	u64 served;
	u64 beats;
} guest;

void round_init(void *base, u64 size)
{
	guest.base = base;
	guest.size = size;
}

/* Somewhere new: what came along is compared before anything else is said or done. */
static bool greet(struct mutator *mutator, u64 instance)
{
	struct freehint_guest_facts facts = {
		.contract = FREEHINT_CONTRACT_DEAD,
		.max_order = 10,
		.end_pfn = pages_end(),
		.give_back = FREEHINT_GIVE_BACK_POSSIBLE,
	};

	page_check_all();
	if (freehint_publisher_attach(&guest.pub, guest.base, guest.size))
		return false;
	facts.incarnation = random_next(&mutator->random);
	/* An earlier kernel may have left its offer. */
	freehint_withdraw_offer(&guest.pub, FREEHINT_NO_OFFER);
	freehint_publish_hello(&guest.pub, instance, &facts);
	guest.instance = instance;
	count(arrivals, 1);
	return true;
}

/* Words of nothing but pages in use may be put in another way. */
static void put(struct mutator *mutator, const u64 *words, u64 n)
{
	u64 i, any = 0;

	for (i = 0; i < n; i++)
		any |= words[i];
	if (!any && random_one_in(&mutator->random, 2))
		freehint_put_used(&guest.pub, guest.pub.mark + n * FREEHINT_WORD_BITS);
	else
		freehint_put_words(&guest.pub, words, n);
}

static void scan_block(struct mutator *mutator, u64 n)
{
	u64 words[SCAN_WORDS], i, piece;

	pages_look(guest.pub.mark, words, n);
	for (i = 0; i < n; i += piece) {
		mutate_some(mutator);
		piece = 1 + random_below(&mutator->random, n - i);
		put(mutator, words + i, piece);
	}
	mutate_some(mutator);
	if (random_one_in(&mutator->random, 3))
		freehint_advance(&guest.pub);
}

/* Return: how the scan ended. One in four rounds is finished though it is closed. */
static u32 scan(struct mutator *mutator)
{
	bool stubborn = random_one_in(&mutator->random, 4);
	u64 n, left;

	while (guest.pub.mark < pages_end()) {
		if (!stubborn && !freehint_round_is_current(&guest.pub, guest.pub.round))
			return FREEHINT_SEAL_ABORTED;
		left = (pages_end() - guest.pub.mark) / FREEHINT_WORD_BITS;
		n = 1 + random_below(&mutator->random, SCAN_WORDS);
		scan_block(mutator, n < left ? n : left);
	}
	return FREEHINT_SEAL_COMPLETE;
}

static void serve(struct mutator *mutator, u64 round)
{
	struct freehint_seal_facts facts = { .blocks = 1 };

	guest.served = round;
	pages_look_anew();
	mutate_some(mutator);
	freehint_open_round(&guest.pub, round);
	facts.status = scan(mutator);
	mutate_some(mutator);
	count(reported, guest.pub.free);
	freehint_seal_round(&guest.pub, &facts);
	if (facts.status == FREEHINT_SEAL_COMPLETE)
		count(rounds, 1);
	else
		count(aborted, 1);
}

void round_poll(struct mutator *mutator)
{
	struct freehint_request req;

	/* Not attached yet: the host publishes its hello when its guest begins to run. */
	if (!guest.instance && freehint_publisher_attach(&guest.pub, guest.base, guest.size))
		return;
	if (!freehint_read_request(&guest.pub, &req))
		return;
	if (req.instance != guest.instance && !greet(mutator, req.instance))
		return;
	/* It looks all the time. */
	freehint_beat(&guest.pub, ++guest.beats, 1);
	if (req.round != FREEHINT_NO_ROUND && req.round != guest.served)
		serve(mutator, req.round);
	gives_poll(mutator, &guest.pub, guest.instance);
}
