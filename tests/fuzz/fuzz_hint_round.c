// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds with a guest that writes between any two loads of the agent: one that lies
 * everywhere, or one that keeps to the protocol and is only fast. What reaches QEMU
 * must be in order, in bounds and of one round; of an honest guest, all of it.
 */
/* links: tests/fuzz/round_rig.c host-agent/agent/round/hint_round.c */
/* links: host-agent/agent/round/hint_batch.c host-agent/agent/round/hint_flow.c */
/* links: host-agent/common/bits_to_ranges.c host-agent/common/log.c proto/host_snapshot.c */
/* links: host-agent/common/printable.c */
/* links: proto/host_request.c proto/guest_publish.c */
/* links: proto/host_offer.c */
/* libs: jansson */
/* flags: -include tests/fuzz/hostile_order.h */
#include "round_rig.h"

static void step(void)
{
	u8 what = take8(&rig.in), how = take8(&rig.in);

	switch (what % 8) {
	case 0:
		round_rig_host(how);
		break;
	case 1:
	case 2:
		round_rig_guest(how);
		break;
	case 3:
		round_rig_settle();
		break;
	case 4:
		round_rig_reply(how);
		break;
	default:
		round_rig_poll();
		break;
	}
}

static bool is_idle(void)
{
	return !rig.flow.batch.in_flight &&
	       (rig.flow.round.state == HINT_DONE || rig.flow.round.state == HINT_NONE);
}

/* Without further input nobody writes, and QEMU has room. A poll may do 16 chunks; there are 3. */
static void finish(void)
{
	unsigned int i, slot;

	for (i = 0; i < 64 && (i < 2 || !is_idle()); i++) {
		round_rig_poll();
		for (slot = 0; slot < FREEHINT_MAX_INFLIGHT; slot++)
			round_rig_reply((u8)(0x20 | slot));
	}
}

/*
 * A round that an honest guest sealed and the host still asks for is sent whole, unless QEMU
 * refused so many commands that the agent gave it up.
 */
static void check_whole(void)
{
	round_rig_settle();
	finish();
	if (!rig.asked || rig.sealed != rig.asked)
		return;
	MUST(is_idle() && rig.flow.round.state == HINT_DONE);
	MUST(rig.sent_id == rig.asked);
	MUST(rig.sent == rig.free || rig.flow.round.refusals >= FREEHINT_MAX_REFUSALS);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	round_rig_start(data, size);
	while (rig.in.left)
		step();
	if (rig.honest)
		check_whole();
	else
		finish();
	round_rig_end();
	return 0;
}
