// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile host against the guest's side: the host's lines change before any load.
 * Whatever stands there, the guest writes its own lines and the bitmap, within the
 * memory that it mapped.
 */
/* links: proto/guest_publish.c proto/guest_offer.c */
/* flags: -include tests/fuzz/hostile_order.h */
#include "fuzz.h"

#include "hostile_order.h"
#include "include/freehint/limits.h"
#include "proto/guest_offer.h"

#define MAX_WORDS	64

static struct input input;
static u8 *region;
static u64 region_size;

/* Bytes of the region that are the guest's to write. */
static bool is_guests(u64 offset)
{
	return (offset >= 2 * FREEHINT_LINE && offset < 6 * FREEHINT_LINE) ||
	       (offset >= 8 * FREEHINT_LINE &&
		offset < (9 + FREEHINT_OFFER_LINES) * FREEHINT_LINE) ||
	       (offset >= FREEHINT_HEADER_SIZE && offset < region_size);
}

void hostile_store(void *p, size_t size)
{
	u64 offset = (u64)((u8 *)p - region);

	MUST(offset % size == 0);
	MUST(is_guests(offset) && is_guests(offset + size - 1));
}

/* One byte says whether the host writes: where among its lines and how much. */
void hostile_load(void)
{
	u8 what = take8(&input), bytes[8];
	u64 at = what & 0x0f;

	/* Lines 0 and 1, or 6 and 7. */
	if (what & 0x20)
		at += 6 * FREEHINT_LINE / 8;
	if (!(what & 0x80))
		return;
	take(&input, bytes, sizeof(bytes));
	memcpy(region + at * 8, bytes, what & 0x40 ? 8 : 2);
}

static u64 mapped_pages(void)
{
	return (region_size - FREEHINT_HEADER_SIZE) * 8;
}

static void check_publisher(const struct freehint_publisher *pub)
{
	MUST(pub->capacity && pub->capacity % FREEHINT_WORD_BITS == 0);
	MUST(pub->capacity <= mapped_pages());
	MUST(pub->mark <= pub->capacity && pub->mark % FREEHINT_WORD_BITS == 0);
	MUST(pub->free <= pub->mark);
	MUST(pub->version >= FREEHINT_VERSION_MIN && pub->version <= FREEHINT_VERSION);
}

static void hello(struct freehint_publisher *pub)
{
	struct freehint_guest_facts facts;
	struct freehint_request request;

	take(&input, &facts, sizeof(facts));
	if (freehint_read_request(pub, &request))
		freehint_publish_hello(pub, request.instance, &facts);
}

static void seal(struct freehint_publisher *pub)
{
	struct freehint_seal_facts facts;

	take(&input, &facts, sizeof(facts));
	freehint_seal_round(pub, &facts);
}

static void put_words(struct freehint_publisher *pub, u8 count)
{
	u64 words[MAX_WORDS];

	memset(words, count & 1 ? 0xff : 0x5a, sizeof(words));
	freehint_put_words(pub, words, count % MAX_WORDS);
}

/* What a session does: ask, offer, end the offer, publish the counters. */
static void offer(struct freehint_publisher *pub, u8 count)
{
	struct freehint_give_back_state state;
	u64 block[FREEHINT_OFFER_BLOCKS], sequence;
	struct freehint_give_back_ask ask;

	if (!freehint_read_give_back_request(pub, &ask) || !ask.session)
		return;
	MUST(pub->version >= FREEHINT_VERSION_GIVE_BACK);
	MUST(ask.order && ask.order <= FREEHINT_BLOCK_MAX_ORDER);
	sequence = take64(&input) % FREEHINT_OFFER_MAX + 1;
	memset(block, 0, sizeof(block));
	MUST(freehint_publish_offer(pub, sequence, ask.session, block,
				    count % FREEHINT_OFFER_BLOCKS + 1));
	MUST(freehint_offer_answer(pub, sequence) <= FREEHINT_ANSWER_DECLINED);
	MUST(freehint_withdraw_offer(pub, sequence) <= FREEHINT_ANSWER_DECLINED);
	take(&input, &state, sizeof(state));
	freehint_publish_give_back(pub, &state);
	if (!freehint_host_is_same(pub, &ask))
		freehint_clear_offer(pub);
}

static void step(struct freehint_publisher *pub)
{
	u8 what = take8(&input);

	switch (what % 8) {
	case 0:
		hello(pub);
		break;
	case 1:
		freehint_open_round(pub, take64(&input));
		break;
	case 2:
		put_words(pub, what / 8);
		break;
	case 3:
		freehint_put_used(pub, what & 0x80 ? take64(&input) : take16(&input));
		break;
	case 4:
		freehint_advance(pub);
		break;
	case 5:
		seal(pub);
		break;
	case 6:
		freehint_beat(pub, what, take16(&input));
		break;
	default:
		if (what & 0x80) {
			offer(pub, what);
			break;
		}
		/* What the worker does between blocks: go on or stop. */
		if (!freehint_round_is_current(pub, pub->round))
			freehint_withdraw(pub);
		break;
	}
}

static void check_refusal(int ret)
{
	MUST(ret == -ENODEV || ret == -EPROTO || ret == -EINVAL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct freehint_publisher pub;
	int ret;

	input = (struct input){ data, size };
	region_size = 4096 + (take16(&input) % 12288 & ~63U);
	region = aligned_alloc(64, region_size);
	MUST(region);
	memset(region, 0, region_size);
	take(&input, region, 2 * FREEHINT_LINE);
	ret = freehint_publisher_attach(&pub, region, region_size);
	if (ret) {
		check_refusal(ret);
	} else {
		check_publisher(&pub);
		while (input.left) {
			step(&pub);
			check_publisher(&pub);
		}
	}
	free(region);
	return 0;
}
