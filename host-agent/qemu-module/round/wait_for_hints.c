// SPDX-License-Identifier: GPL-2.0
/*
 * The migration thread waits for the hints of the round that it has opened.
 */
#include "../../../include/freehint/limits.h"
#include "../core/bar.h"
#include "../core/migration_info.h"
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "autostart.h"
#include "bql_drop.h"
#include "refusal.h"
#include "wait_for_hints.h"

bool migration_is_ending_unlocked(void)
{
	bool ending;

	bql_take();
	ending = migration_is_ending();
	bql_drop();
	return ending;
}

u64 request_notice_us(void)
{
	u64 us = bar_poll_us();

	return autostart_is_on() && us < FREEHINT_POLL_IDLE_US ? FREEHINT_POLL_IDLE_US : us;
}

void wait_for_hints(struct hint_wait wait, u32 pass, u64 notice_us)
{
	if (wait.too_late)
		qemu.warn_report("freehint: the guest polls only every %llu ms, pass %u starts without "
				 "its hints; lower poll_idle_ms in the guest",
				 (unsigned long long)notice_us / 1000, pass);
	/*
	 * A guest that is refused from pass 2 on has zeros in its free pages. QEMU sends zeros so
	 * fast that a longer wait would not pay.
	 */
	wait.more_us = refusal_in_pass(2) ? 0 : wait.more_us;
	if (wait.total_us)
		do {
			bql_drop();
			hint_wait_go_on(&wait, gate_wait(wait.idle_us, wait.total_us,
							 migration_is_ending_unlocked));
			bql_take();
		} while (wait.total_us && !migration_is_ending());
}
