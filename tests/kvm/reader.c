// SPDX-License-Identifier: GPL-2.0
/*
 * What an agent reads, as a library for a test that plays the agent: the open round,
 * the ranges of free memory that became visible since the last look, and offers. The code
 * is the agent's own; when it is called and what is sent when is up to the test.
 */
#include "host-agent/common/bits_to_ranges.h"
#include "proto/host_offer.h"
#include "proto/host_snapshot.h"

/* Guests of these tests have at most 2 GiB. */
#define MAX_PAGES	(1U << 19)

/**
 * struct reader_view - what one look has brought
 * @round:  in: round asked for
 * @from:   in: page to begin with; out: where the next look begins
 * @sealed: out: the guest has ended the round, and all of it was read
 * @max:    in: room in the caller's list of ranges
 */
struct reader_view {
	u64 round;
	u64 from;
	u64 sealed;
	u64 max;
};

u64 reader_round(const void *base, u64 size);
int reader_look(const void *base, u64 size, struct reader_view *view,
		struct freehint_range *out);

u64 reader_offer(const void *base, u64 size, u64 *blocks);

/* Return: the sequence of the offer, 0: none. @blocks: how many, then pfn and pages of each. */
u64 reader_offer(const void *base, u64 size, u64 *blocks)
{
	struct freehint_offer offer;
	struct freehint_reader reader;
	u32 i;

	if (freehint_reader_attach(&reader, base, size) ||
	    freehint_copy_offer(&reader, &offer))
		return FREEHINT_NO_OFFER;
	blocks[0] = offer.count;
	for (i = 0; i < offer.count; i++) {
		blocks[1 + 2 * i] = freehint_block_pfn(offer.block[i]);
		blocks[2 + 2 * i] = freehint_block_pages(offer.block[i]);
	}
	return offer.sequence;
}

u64 reader_round(const void *base, u64 size)
{
	struct freehint_host_request req;
	struct freehint_reader reader;

	if (freehint_reader_attach(&reader, base, size) ||
	    !freehint_read_host_request(&reader, &req))
		return FREEHINT_NO_ROUND;
	return req.round;
}

static unsigned int convert(const u64 *words, struct reader_view *view, u64 mark,
			    struct freehint_range *out)
{
	struct bits_to_ranges conv;
	unsigned int count;

	bits_to_ranges_reset(&conv);
	bits_to_ranges_load(&conv, view->from, words, (mark - view->from) / FREEHINT_WORD_BITS);
	count = bits_to_ranges_take(&conv, out, (unsigned int)view->max - 1);
	return count + bits_to_ranges_flush(&conv, &out[count]);
}

/* Return: ranges in @out; negative when the guest is elsewhere. */
int reader_look(const void *base, u64 size, struct reader_view *view,
		struct freehint_range *out)
{
	static u64 words[MAX_PAGES / FREEHINT_WORD_BITS];
	struct freehint_reader reader;
	struct freehint_guest_seal seal;
	unsigned int count;
	bool sealed;
	u64 mark;
	int ret;

	ret = freehint_reader_attach(&reader, base, size);
	if (ret)
		return ret;
	/* First: what is sealed does not grow any more. */
	sealed = !freehint_read_seal(&reader, view->round, &seal);
	ret = freehint_read_progress(&reader, view->round, &mark);
	if (!ret && (mark < view->from || mark > MAX_PAGES))
		ret = -ERANGE;
	if (!ret)
		ret = freehint_copy_bitmap(&reader, view->round, view->from, mark, words);
	if (ret)
		return ret;
	count = convert(words, view, mark, out);
	view->from = mark;
	view->sealed = sealed;
	return (int)count;
}
