// SPDX-License-Identifier: GPL-2.0
/*
 * The guest of fuzz_discard.c: its module says hello, offers blocks, takes offers back, counts;
 * or it writes anything.
 */
#include "discard_guest.h"

/* Most blocks of an offer that the module's code publishes. */
#define MANY	6

u64 discard_some_page(struct input *in)
{
	u8 which = take8(in);
	const struct RAMBlock *b = &fake.block[which % DISCARD_BLOCKS];
	int off = (signed char)take8(in);

	switch (which >> 6) {
	case 0:
		return (b->gpa >> FREEHINT_PAGE_SHIFT) + (u64)off;
	case 1:
		return ((b->gpa + b->len) >> FREEHINT_PAGE_SHIFT) + (u64)off;
	case 2:
		return (b->gpa >> FREEHINT_PAGE_SHIFT) + (u64)(off & 3) * 512;
	default:
		return which & 8 ? take64(in) : 256 + (u64)off;
	}
}

static u64 some_block(struct input *in)
{
	unsigned int order = take8(in) % 12;
	u64 pfn = discard_some_page(in);

	/* A liar does not care about alignment. */
	if (order < 11)
		pfn &= ~((1ULL << order) - 1);
	return freehint_block(pfn, order);
}

static void make_offer(struct input *in, u8 how)
{
	u64 block[MANY], session = rig.shm->give_back_request.session;
	unsigned int i, count = how % MANY + 1;

	if (!rig.pub.shm)
		return;
	for (i = 0; i < count; i++)
		block[i] = some_block(in);
	if (how & 0x80)
		session -= take8(in) % 2;
	freehint_publish_offer(&rig.pub, ++rig.last_sequence, session, block, count);
}

/* Words of the guest's lines; sometimes of the host's, and then they prove nothing more. */
static void lie(struct input *in, u8 how)
{
	u64 *words = (u64 *)rig.shm, line = FREEHINT_LINE / 8;
	u64 at = 8 * line + take8(in) % ((1 + FREEHINT_OFFER_LINES) * line);

	if (how >= 0xf0) {
		at = 6 * line + take8(in) % (2 * line);
		rig.lied = true;
	}
	words[at] = how & 1 ? take64(in) : take8(in);
}

void discard_guest(struct input *in, u8 how)
{
	struct freehint_give_back_state state = { .drained = how % 3 };

	switch (how % 8) {
	case 0:
		discard_rig_hello(how / 8 % 8);
		break;
	case 1:
		discard_rig_hello(FREEHINT_GIVE_BACK_POSSIBLE);
		break;
	case 2:
		if (rig.pub.shm)
			freehint_withdraw_offer(&rig.pub, rig.last_sequence);
		break;
	case 3:
		state.session = rig.shm->give_back_request.session;
		if (rig.pub.shm)
			freehint_publish_give_back(&rig.pub, &state);
		break;
	case 4:
		lie(in, how | (take8(in) & 0xf1));
		break;
	default:
		make_offer(in, how);
		break;
	}
}
