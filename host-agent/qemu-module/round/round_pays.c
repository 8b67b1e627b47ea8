// SPDX-License-Identifier: GPL-2.0
/*
 * Decides whether another round of a migration pays: what the last one cost, and how long QEMU
 * has been sending since.
 *
 * QEMU may sync far more often than a pass takes: before every 50 ms of sending in 11.1 with
 * postcopy-ram, or as long as a device keeps QEMU from stopping the guest (VFIO,
 * switchover-ack, dirty bitmaps). Each round costs the time to arm and the wait.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../core/arm.h"
#include "../core/bar.h"
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "round_pays.h"

/*
 * Guarded by the BQL.
 *
 * @start_us: when the last round's step began. @since_us: when QEMU started to send after it.
 * @sent: pages that QEMU had sent then. Times are of QEMU's clock.
 * @early: syncs of this migration that came too early.
 */
static struct {
	struct round_cost last;
	bool any;
	u64 start_us;
	u64 since_us;
	u64 sent;
	u32 early;
} pays;

static u64 now_us(void)
{
	return (u64)qemu.qemu_clock_get_ns(QEMU_CLOCK_REALTIME) / 1000;
}

void round_pays_reset(void)
{
	pays.any = false;
	pays.early = 0;
}

void round_pays_start(void)
{
	pays.start_us = now_us();
}

void round_pays_armed(void)
{
	pays.last.arm_us = now_us() - pays.start_us;
	round_pays_start();
}

void round_pays_end(void)
{
	pays.since_us = now_us();
	pays.last.wait_us = pays.since_us - pays.start_us;
	pays.sent = qemu.ram_get_total_transferred_pages();
	pays.any = true;
}

static void count_early(u64 needed_us)
{
	gate_count(rounds_early, 1);
	if (++pays.early != ROUND_PAYS_WARN)
		return;
	qemu.warn_report("freehint: QEMU has synced %u times before %llu ms of sending were over; "
			 "no hints are asked for then, since they would cost more than they save",
			 pays.early, (unsigned long long)needed_us / 1000);
}

u64 round_pays_next(u64 wait_max_us)
{
	return pays.any ? round_pays_cost(&pays.last, wait_max_us) : 0;
}

/*
 * The guest's own number for a round, if its scan came to the end; a wrong one costs that guest
 * some hints.
 */
static bool is_scarce(u64 round)
{
	struct freehint_guest_seal seal;

	return !bar_seal(round, &seal) && seal.status == FREEHINT_SEAL_COMPLETE &&
	       seal.free_pages < (arm_bytes() >> FREEHINT_PAGE_SHIFT) / ROUND_PAYS_SCARCE_PART;
}

bool round_pays(u64 wait_max_us, u64 round)
{
	u64 times = is_scarce(round) ? ROUND_PAYS_TIMES_SCARCE : ROUND_PAYS_TIMES;
	u64 needed = round_pays_next(wait_max_us) * times;

	if (!pays.any)
		return true;
	if (now_us() - pays.since_us >= needed &&
	    qemu.ram_get_total_transferred_pages() != pays.sent)
		return true;
	count_early(needed);
	return false;
}
