// SPDX-License-Identifier: GPL-2.0
/*
 * Gives free memory back to the host: offers blocks with the module's own code, takes some
 * offers back, and uses the blocks again as soon as it may.
 *
 * An offered block is owned, as a block is that the kernel has isolated. Half of the pages are
 * filled at the very moment at which they are the guest's again: a discard that comes later
 * leaves its trace in them.
 */
#include "proto/guest_offer.h"

#include "gives.h"
#include "pages.h"
#include "report.h"

/* Places that are tried for an offer, and orders above the smallest that is wanted. */
#define TRIES		200
#define ORDERS		4
/* One in so many polls without an answer takes the offer back. */
#define PATIENCE	4000

static struct {
	struct freehint_give_back_ask ask;
	struct freehint_give_back_state state;
	u64 block[FREEHINT_OFFER_BLOCKS];
	unsigned int count;
	u64 sequence;
	u64 next;
	bool waiting;
} gives;

static u64 block_pages(u64 block)
{
	return 1ULL << (block >> FREEHINT_BLOCK_ORDER_SHIFT);
}

static u64 block_pfn(u64 block)
{
	return block & ((1ULL << FREEHINT_BLOCK_PFN_BITS) - 1);
}

/* All pages of the block or none. */
static bool isolate(u64 pfn, u64 pages)
{
	u64 i;

	for (i = 0; i < pages; i++)
		if (!page_take(pfn + i))
			break;
	if (i == pages)
		return true;
	while (i--)
		page_free(pfn + i);
	return false;
}

static void add_block(struct mutator *mutator)
{
	unsigned int order = gives.ask.order + random_below(&mutator->random, ORDERS);
	u64 pages = 1ULL << order, span = pages_end() - pages_first(), pfn;

	pfn = (pages_first() + random_below(&mutator->random, span)) & ~(pages - 1);
	if (pfn >= pages_first() && pfn + pages <= pages_end() && isolate(pfn, pages))
		gives.block[gives.count++] = freehint_block(pfn, order);
}

/* A number that no other kernel on this machine has used, as a random one is. */
static u64 next_sequence(struct mutator *mutator)
{
	if (!gives.next)
		gives.next = (random_next(&mutator->random) ^ cycles() << 20) >> 3;
	return ++gives.next;
}

static void offer(struct mutator *mutator, struct freehint_publisher *pub)
{
	unsigned int most = 1 + random_below(&mutator->random, FREEHINT_OFFER_BLOCKS), i;

	gives.count = 0;
	for (i = 0; i < TRIES && gives.count < most; i++)
		add_block(mutator);
	if (!gives.count)
		return;
	gives.sequence = next_sequence(mutator);
	gives.waiting = false;
	gives.state.offers++;
	freehint_publish_offer(pub, gives.sequence, gives.ask.session, gives.block,
			       gives.count);
	count(offered, gives.count);
}

static bool is_zero(u64 pfn)
{
	const u64 *word = (const u64 *)(pfn * 4096);

	return !word[0] && !word[511];
}

static void put_back_page(struct mutator *mutator, u64 pfn, bool given)
{
	if (given && !is_zero(pfn))
		count(nonzero, 1);
	if (random_one_in(&mutator->random, 2))
		page_fill(pfn, false);
	else
		page_free(pfn);
}

/* The blocks are the guest's again. */
static void put_back(struct mutator *mutator, bool given)
{
	unsigned int i;
	u64 pfn, end;

	for (i = 0; i < gives.count; i++) {
		pfn = block_pfn(gives.block[i]);
		for (end = pfn + block_pages(gives.block[i]); pfn < end; pfn++)
			put_back_page(mutator, pfn, given);
		if (given)
			gives.state.pages += block_pages(gives.block[i]);
	}
	if (given)
		count(given, gives.count);
	gives.sequence = 0;
}

static void finish(struct mutator *mutator, struct freehint_publisher *pub, bool given)
{
	freehint_withdraw_offer(pub, gives.sequence);
	put_back(mutator, given);
	gives.state.session = gives.ask.session;
	gives.state.drained += random_one_in(&mutator->random, orders()->gives);
	freehint_publish_give_back(pub, &gives.state);
}

static void take_back(struct mutator *mutator, struct freehint_publisher *pub)
{
	enum freehint_answer answer = freehint_withdraw_offer(pub, gives.sequence);

	gives.waiting = answer == FREEHINT_ANSWER_TAKEN;
	if (gives.waiting)
		return;
	count(taken_back, 1);
	gives.state.withdrawn++;
	finish(mutator, pub, answer == FREEHINT_ANSWER_DONE);
}

static void follow(struct mutator *mutator, struct freehint_publisher *pub, u64 instance)
{
	enum freehint_answer answer = freehint_offer_answer(pub, gives.sequence);

	if (answer == FREEHINT_ANSWER_DONE || answer == FREEHINT_ANSWER_DECLINED)
		finish(mutator, pub, answer == FREEHINT_ANSWER_DONE);
	else if (gives.ask.instance != instance)
		finish(mutator, pub, false);
	else if (!gives.waiting && random_one_in(&mutator->random, PATIENCE))
		take_back(mutator, pub);
}

void gives_poll(struct mutator *mutator, struct freehint_publisher *pub, u64 instance)
{
	u64 session = gives.ask.session;

	if (!orders()->gives)
		return;
	if (gives.sequence) {
		follow(mutator, pub, instance);
		return;
	}
	if (!freehint_read_give_back_request(pub, &gives.ask) || !gives.ask.session ||
	    gives.ask.instance != instance)
		return;
	if (gives.ask.session != session)
		gives.state.drained = 0;
	offer(mutator, pub);
}
