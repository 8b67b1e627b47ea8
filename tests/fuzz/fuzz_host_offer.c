// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest that offers memory: its lines change before any load. An offer that the
 * host's reader lets through is in range, and what is taken was the published offer.
 */
/* links: proto/host_offer.c proto/host_snapshot.c */
/* flags: -include tests/fuzz/hostile_order.h */
#include "fuzz.h"

#include "hostile_order.h"
#include "include/freehint/limits.h"
#include "proto/host_offer.h"

/* The guest writes from its state to the end of the offer. */
#define GUESTS		(8 * FREEHINT_LINE)
#define GUESTS_END	((9 + FREEHINT_OFFER_LINES) * FREEHINT_LINE)
#define SESSION		0x5eU

static struct input input;
static struct freehint_shm *shm;
/* What the last load of the sequence found, if it was one. */
static u64 sequence_seen;
/* The offer that is being taken, and what of it stood in the region at some load. */
static u64 wanted;
static bool sequence_stood, session_stood;

void hostile_store(void *p, size_t size)
{
	u64 offset = (u64)((u8 *)p - (u8 *)shm);

	/* The host's two lines, and nothing else. */
	MUST(offset >= 6 * FREEHINT_LINE && offset + size <= GUESTS);
	MUST(offset % size == 0);
}

/* One byte says whether the guest writes; the next ones where, and what. */
void hostile_load(void)
{
	u64 words = (GUESTS_END - GUESTS) / 8;
	u8 what = take8(&input);
	/* Mostly the words that decide: sequence, session, count. */
	u64 at = FREEHINT_LINE / 8 + what % 3;

	if (what & 0x40)
		at = take8(&input) % words;
	if (what & 0x80)
		take(&input, (u8 *)shm + GUESTS + at * 8, 8);
	sequence_seen = shm->offer.sequence;
	sequence_stood |= sequence_seen == wanted;
	session_stood |= shm->offer.session == shm->give_back_request.session;
}

static void check_block(u64 block)
{
	u64 order = block >> FREEHINT_BLOCK_ORDER_SHIFT;
	u64 pfn = freehint_block_pfn(block);

	MUST(order <= FREEHINT_BLOCK_MAX_ORDER);
	MUST(block == (pfn | order << FREEHINT_BLOCK_ORDER_SHIFT));
	MUST(freehint_block_pages(block) == 1ULL << order);
	MUST(pfn % freehint_block_pages(block) == 0);
	MUST(pfn + freehint_block_pages(block) <= FREEHINT_MAX_PAGES);
}

static void check_offer(const struct freehint_reader *reader)
{
	/* On the heap, at its exact size: ASan sees one block more. */
	struct freehint_offer *offer = malloc(sizeof(*offer));
	u32 i;
	int ret;

	MUST(offer);
	ret = freehint_copy_offer(reader, offer);
	MUST(ret == 0 || ret == -EAGAIN || ret == -EINVAL);
	if (!ret) {
		/* The last load looks whether the sequence is still the same. */
		MUST(offer->sequence == sequence_seen);
		MUST(offer->sequence && offer->sequence <= FREEHINT_OFFER_MAX);
		MUST(offer->count && offer->count <= FREEHINT_OFFER_BLOCKS);
		for (i = 0; i < offer->count; i++)
			check_block(offer->block[i]);
	}
	free(offer);
}

static void check_state(const struct freehint_reader *reader)
{
	struct freehint_give_back_state state;
	u64 session = take8(&input);

	if (!freehint_read_give_back_state(reader, session, &state))
		MUST(session && state.session == session &&
		     shm->give_back_state.session == session);
}

static void check_take(u64 sequence)
{
	enum freehint_answer answer = FREEHINT_ANSWER_TAKEN;
	int ret;

	wanted = sequence;
	sequence_stood = session_stood = false;
	ret = freehint_take_offer(shm, sequence);
	MUST(ret == 0 || ret == -ESTALE);
	if (ret)
		answer = FREEHINT_ANSWER_DECLINED;
	else
		MUST(sequence && shm->give_back_request.session && sequence_stood &&
		     session_stood);
	MUST(shm->give_back_answer.answer == (sequence << FREEHINT_ANSWER_BITS | answer));
}

static void step(const struct freehint_reader *reader)
{
	u8 what = take8(&input);

	switch (what % 4) {
	case 0:
		check_offer(reader);
		break;
	case 1:
		check_state(reader);
		break;
	case 2:
		check_take(what & 0x80 ? shm->offer.sequence : take8(&input));
		break;
	default:
		freehint_write_give_back_request(shm, what & 0x80 ? SESSION : FREEHINT_NO_SESSION,
						 what, 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct freehint_reader reader;

	input = (struct input){ data, size };
	shm = aligned_alloc(4096, FREEHINT_MIN_REGION);
	MUST(shm);
	memset(shm, 0, FREEHINT_MIN_REGION);
	MUST(!freehint_reader_attach(&reader, shm, FREEHINT_MIN_REGION));
	take(&input, &shm->offer, take8(&input) * 8);
	while (input.left)
		step(&reader);
	free(shm);
	return 0;
}
