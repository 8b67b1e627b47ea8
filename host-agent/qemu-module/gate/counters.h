/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the extension since QEMU started, in the order of x-query-freehint. The round
 * gate's lock guards them.
 */
#ifndef FREEHINT_COUNTERS_H
#define FREEHINT_COUNTERS_H

#include "../../../include/freehint/types.h"

/*
 * X(member, name in x-query-freehint)
 *
 * ranges:         ranges of every mark-clean command that was queued
 * pages-offered:  pages of every well-formed mark-clean command, but for the two kinds that are
 *                 never applied:
 * pages-firmware: pages below 1 MiB
 * pages-ignored:  pages of guest memory that was not armed, because it is left out of this
 *                 migration or cannot be armed
 * pages-accepted: cleared in QEMU's dirty bitmap in time
 * pages-late:     still queued when their round was closed; sent as usual
 * pages-cleared:  accepted pages whose dirty bit was still set. Computed from QEMU's own
 *                 counts before and after, of what remains and of what was sent: exact
 *                 during a wait, wrong by some pages in flight while QEMU sends
 * bytes-skipped:  pages-cleared in bytes
 * bql-*:          time in the extension's code with QEMU's big lock held
 * arm-us:         time to arm the dirty log when rounds open, without that lock
 * migrations:     migrations in which at least one round opened
 * switchovers:    switches to postcopy with skipped pages
 * pages-switchover: pages that were still skipped at a switch, and were set dirty
 * switchover-us:  time for that, the guest stopped
 * pages-zeroed:   pages of pages-switchover that were made zero; the others were sent as is
 * rounds-refused: syncs after which no round could open although reporting was on;
 *                 also those of QEMU's main loop, which open no round
 * rounds-early:   syncs after which none was opened, because QEMU had not yet sent for long
 *                 enough to make up for the last round
 * rounds-quiet:   the same, because so little remained that QEMU would stop the guest
 */
#define FREEHINT_COUNTERS(X)					\
	X(migrations, "migrations")				\
	X(rounds, "rounds")					\
	X(rounds_sealed, "rounds-sealed")			\
	X(rounds_empty, "rounds-empty")				\
	X(rounds_refused, "rounds-refused")			\
	X(rounds_early, "rounds-early")				\
	X(rounds_quiet, "rounds-quiet")				\
	X(commands, "commands")					\
	X(commands_refused, "commands-refused")			\
	X(refused_stale, "refused-stale")			\
	X(refused_closed, "refused-closed")			\
	X(refused_range, "refused-range")			\
	X(refused_queue, "refused-queue")			\
	X(ranges, "ranges")					\
	X(pages_offered, "pages-offered")			\
	X(pages_firmware, "pages-firmware")			\
	X(pages_ignored, "pages-ignored")			\
	X(pages_accepted, "pages-accepted")			\
	X(pages_late, "pages-late")				\
	X(pages_cleared, "pages-cleared")			\
	X(bytes_skipped, "bytes-skipped")			\
	X(arm_us, "arm-us")					\
	X(arm_chunks, "arm-chunks")				\
	X(switchovers, "switchovers")				\
	X(pages_switchover, "pages-switchover")			\
	X(switchover_us, "switchover-us")			\
	X(pages_zeroed, "pages-zeroed")				\
	X(bql_total_us, "bql-total-us")				\
	X(bql_max_us, "bql-max-us")

/** struct freehint_counters - see FREEHINT_COUNTERS */
struct freehint_counters {
#define COUNTER_MEMBER(member, name) u64 member;
	FREEHINT_COUNTERS(COUNTER_MEMBER)
#undef COUNTER_MEMBER
};

#endif /* FREEHINT_COUNTERS_H */
