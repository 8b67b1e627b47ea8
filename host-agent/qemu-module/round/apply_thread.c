// SPDX-License-Identifier: GPL-2.0
/*
 * The apply thread: clears accepted ranges in QEMU's dirty bitmap. No other thread of the
 * extension waits for QEMU's bitmap lock.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../audit/dirty_audit.h"
#include "../core/bar.h"
#include "../core/own_thread.h"
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "../map/page_map.h"
#include "../postcopy/skipped.h"
#include "apply_thread.h"

/* Bytes that are sent, or will be: only a hint makes them fewer. */
static u64 sent_or_remaining(void)
{
	return qemu.ram_bytes_remaining() +
	       (qemu.ram_get_total_transferred_pages() << FREEHINT_PAGE_SHIFT);
}

/* What QEMU may have taken out of its bitmap and not yet counted as sent. */
#define IN_FLIGHT_BYTES	(128ULL << FREEHINT_PAGE_SHIFT)

/*
 * Counts how many bytes of the range were dirty. Within a round only hints make the sum smaller,
 * but for what is in flight: QEMU counts a page a moment after it has taken it out of the
 * bitmap. So each call counts from where the last one ended, and the next one makes its error good.
 */
static u64 clear(u64 round, void *hva, u64 len)
{
	static u64 counted_round, seen;
	u64 after, cleared;

	if (round != counted_round)
		seen = sent_or_remaining();
	counted_round = round;
	qemu.qemu_guest_free_page_hint(hva, len);
	after = sent_or_remaining();
	cleared = seen > after ? seen - after : 0;
	if (cleared > len)
		cleared = len;
	seen -= cleared;
	if (seen > after + IN_FLIGHT_BYTES || after > seen + IN_FLIGHT_BYTES)
		seen = after;
	return cleared;
}

static u64 apply(const struct gate_range *range)
{
	u64 cleared;

	skipped_add(range->hva, range->len);
	audit_hint(range->round, range->hva, range->len);
	cleared = clear(range->round, range->hva, range->len);
	page_map_add(&hinted_map, range->gpa, range->len);
	return cleared >> FREEHINT_PAGE_SHIFT;
}

static int sealed(u64 round)
{
	struct freehint_guest_seal seal;

	return bar_seal(round, &seal);
}

static void *apply_thread(void *opaque)
{
	(void)opaque;
	/* qemu_guest_free_page_hint() looks up its block under RCU. */
	qemu.rcu_register_thread();
	gate_run(apply, sealed);
	return NULL;
}

int apply_thread_start(void)
{
	static bool started;
	pthread_t thread;
	int ret;

	if (started)
		return 0;
	ret = own_thread_start(&thread, "freehint-apply", apply_thread);
	if (ret)
		return ret;
	pthread_detach(thread);
	started = true;
	return 0;
}
