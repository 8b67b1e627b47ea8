// SPDX-License-Identifier: GPL-2.0
/*
 * Estimates how much of what QEMU has to send a round's hints take away.
 *
 * QEMU decides whether to stop the guest right after a sync. If hints then leave less than its
 * threshold, it stops, and what the guest has written while the round opened is in no count of
 * QEMU's. So a round is opened in a later pass only if QEMU goes on sending after it.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../gate/round_gate.h"
#include "hint_share.h"

/* Parts of what remained. Guest memory is smaller than 2^54 bytes, so products fit. */
#define WHOLE	1024

/* Nothing is left of an estimate that was halved so often. */
#define MAX_DOUBTS	16

/*
 * Guarded by the BQL.
 *
 * @before: bytes that remained when the last round opened. @doubts: how often since then the
 * estimate kept a round from opening.
 */
static struct {
	u64 before;
	unsigned int doubts;
} share;

/* The gate keeps the numbers of a round that is closed. */
static u64 last_saved(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.now.cleared << FREEHINT_PAGE_SHIFT;
}

void hint_share_begin(u64 remaining)
{
	share.before = remaining;
	share.doubts = 0;
}

u64 hint_share_of(u64 remaining)
{
	u64 saved = last_saved();
	u64 parts;

	if (!share.before || share.doubts == MAX_DOUBTS)
		return 0;
	parts = saved < share.before ? saved * WHOLE / share.before : WHOLE;
	return remaining / WHOLE * (parts >> share.doubts);
}

unsigned int hint_share_doubts(void)
{
	return share.doubts;
}

void hint_share_doubt(void)
{
	if (share.doubts < MAX_DOUBTS)
		share.doubts++;
}
