// SPDX-License-Identifier: GPL-2.0
/*
 * The first migration in a QEMU series that was never tested is compared with what the tested
 * series do: a sync of the dirty bitmap is reported when it begins and when it ends, and QEMU's
 * count of what remains falls when hints are applied. Only a warning comes of it.
 */
#include "first_run.h"

#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"

static struct {
	struct qemu_notifier notifier;
	struct freehint_counters before;
	unsigned int syncs;
	bool completed;
	bool over;
} first_run;

/* A timer's sync in the main loop may come in the middle of one of the migration thread. */
static _Thread_local bool in_sync;

static struct freehint_counters counters(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters;
}

static void differs(const char *how)
{
	first_run.over = true;
	qemu.warn_report("freehint: QEMU %d.%d behaves otherwise than the tested series: %s; do "
			 "not use freehint in it, and report this", qemu.major, qemu.minor, how);
}

static void begin(void)
{
	first_run.before = counters();
	first_run.syncs = 0;
	first_run.completed = false;
	in_sync = false;
}

static void sync_begins(void)
{
	if (in_sync)
		differs("a sync of the dirty bitmap begins before the last one has ended");
	in_sync = true;
}

static void sync_ends(void)
{
	if (!in_sync)
		differs("a sync of the dirty bitmap ends that has not begun");
	in_sync = false;
	first_run.syncs++;
}

/* Without hints, because reporting is off or the guest has none, nothing is known yet. */
static void conclude(void)
{
	const struct freehint_counters now = counters();
	u64 accepted = now.pages_accepted - first_run.before.pages_accepted;
	u64 cleared = now.pages_cleared - first_run.before.pages_cleared;

	if (!first_run.completed || !accepted)
		return;
	if (!cleared) {
		differs("hints do not lower its count of what remains to be sent");
		return;
	}
	first_run.over = true;
	qemu.warn_report("freehint: the first migration with hints in QEMU %d.%d went as in the "
			 "tested series: %u syncs, %llu rounds, %llu pages skipped",
			 qemu.major, qemu.minor, first_run.syncs,
			 (unsigned long long)(now.rounds - first_run.before.rounds),
			 (unsigned long long)cleared);
}

static int notified(struct qemu_notifier *notifier, void *data)
{
	(void)notifier;
	if (first_run.over)
		return 0;
	switch (*(const enum qemu_precopy_reason *)data) {
	case QEMU_PRECOPY_SETUP:
		begin();
		break;
	case QEMU_PRECOPY_BEFORE_SYNC:
		sync_begins();
		break;
	case QEMU_PRECOPY_AFTER_SYNC:
		sync_ends();
		break;
	case QEMU_PRECOPY_COMPLETE:
		first_run.completed = true;
		break;
	case QEMU_PRECOPY_CLEANUP:
		conclude();
		break;
	}
	return 0;
}

void first_run_init(void)
{
	first_run.over = false;
	first_run.notifier.notify = notified;
	qemu.precopy_add_notifier(&first_run.notifier);
}
