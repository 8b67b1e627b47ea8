// SPDX-License-Identifier: GPL-2.0
/*
 * The first migration in a QEMU series that was never tested is compared with what the tested
 * series do: a sync of the dirty bitmap is reported when it begins and when it ends, and QEMU's
 * count of what remains falls when hints are applied. The only consequence is a line in QEMU's log.
 */
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "first_run.h"

static struct {
	struct qemu_notifier notifier;
	u64 rounds;
	u64 first_id;
	unsigned int syncs;
	bool completed;
	bool over;
} first_run;

/* A timer's sync in the main loop may come in the middle of one of the migration thread. */
static _Thread_local bool in_sync;

static void differs(const char *how)
{
	first_run.over = true;
	qemu.warn_report("freehint: QEMU %d.%d behaves otherwise than the tested series: %s; do "
			 "not use freehint in it, and report this", qemu.major, qemu.minor, how);
}

/* What is there of earlier migrations. */
static void begin(void)
{
	struct gate_view view;

	gate_view(&view);
	first_run.rounds = view.counters.rounds;
	first_run.first_id = view.first.id;
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

/*
 * Only the first pass shows it: all pages are dirty there, so each hint lowers the count. Without
 * hints in it, because reporting is off or the guest has none, nothing is known yet.
 */
static void conclude(void)
{
	struct gate_view view;

	gate_view(&view);
	if (!first_run.completed || view.first.id == first_run.first_id || view.first.pass != 1 ||
	    !view.first.accepted)
		return;
	if (!view.first.cleared) {
		differs("hints do not lower its count of what remains to be sent");
		return;
	}
	first_run.over = true;
	qemu.warn_report("freehint: the first migration with hints in QEMU %d.%d went as in the "
			 "tested series: %u syncs, %llu rounds, %llu pages skipped in the first pass",
			 qemu.major, qemu.minor, first_run.syncs,
			 (unsigned long long)(view.counters.rounds - first_run.rounds),
			 (unsigned long long)view.first.cleared);
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
