// SPDX-License-Identifier: GPL-2.0
/*
 * The switch to postcopy: gives skipped pages back to QEMU as pages that are dirty and that
 * read as zero.
 *
 * After the switch the source drops the request for a clean page. A skipped page is clean, so
 * a guest thread that touches it would stall. At the switch, with the guest stopped for good,
 * every page that is still skipped is set dirty, and a thread makes it zero (zero_thread.c).
 *
 * Invariant: pages are set dirty before QEMU collects the last dirty log of the migration.
 * This happens in a MemoryListener that is called at the end of the sync of the switch. In 7.2
 * and 10.0 that sync is outside BEFORE_SYNC and AFTER_SYNC; 11.1 calls savevm handlers first.
 * The capability is refused where neither is known, because a missed switch stalls guests.
 *
 * A sync can drop the BQL in its middle (TCG, dirty ring), and since 10.0 a timer in the main
 * loop syncs, too. The migration thread can switch at that moment. So the state "in a sync"
 * is kept per thread.
 *
 * If the switch fails, the guest continues here. Its free pages read as zero, and the thread
 * ends before a vCPU starts.
 *
 * Why not on the destination: it has no hook that exists in all series. docs/extension.md,
 * section switchover.c, and docs/postcopy.md have the details.
 */
#include <stdlib.h>

#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../audit/dirty_audit.h"
#include "../core/bar_bitmap.h"
#include "../core/migration_thread.h"
#include "../core/qemu_abi.h"
#include "../core/ram_dirty_bitmap.h"
#include "../gate/bql_hold.h"
#include "../gate/round_gate.h"
#include "skipped.h"
#include "switch_runs.h"
#include "switchover.h"
#include "zero_thread.h"

/* Run before every device's handler when the guest starts. */
#define HANDLER_PRIORITY	(-1000)

/*
 * Guarded by the BQL.
 *
 * @announced: QEMU called a savevm handler: a switch to postcopy starts.
 * @handed_over: the skipped pages were set dirty. The record stays as it is for the zero thread.
 * @unlooked: the migration thread synced without a look at the record.
 */
static struct {
	struct qemu_memory_listener listener;
	struct qemu_savevm_handlers handlers;
	bool announced;
	bool handed_over;
	bool unlooked;
	bool no_memory;
} switchover;

/* Per thread. @reading: this thread reads the log itself, which also syncs. */
static _Thread_local struct {
	bool in_sync;
	bool reading;
} this_thread;

const char *switchover_refusal(void)
{
	if (qemu.switch_signal == QEMU_SWITCH_UNKNOWN)
		return "postcopy-ram capability is set, and it is not known how this QEMU "
		       "switches to postcopy; for hints clear it, or use a tested series";
	if (!ram_dirty_bitmap_is_known())
		return "postcopy-ram capability is set, and it is not known where this QEMU "
		       "has its dirty bitmap; for hints clear it, or use a tested series";
	if (switchover.no_memory)
		return "postcopy-ram capability is set, and there is no memory to record "
		       "skipped pages; for hints clear it, or free memory on this host";
	return NULL;
}

/* What an unlooked sync brought into the bitmap may be sent by now, and not be dirty any more. */
static void make_up_for_looks(void)
{
	if (switchover.unlooked)
		skipped_doubt();
	switchover.unlooked = false;
}

/* Context: BQL held, guest stopped, inside the sync. */
static void hand_over(void)
{
	u64 start = clock_us();
	u64 pages;

	make_up_for_looks();
	/* May drop the BQL: if another thread syncs then, that is a doubt. */
	skipped_drop_logged();
	switchover.handed_over = true;
	skipped_drop_unplugged();
	pages = switch_runs_set_dirty();
	bar_bitmap_give_back();
	zero_thread_start();
	if (pages)
		gate_count(switchovers, 1);
	gate_count(pages_switchover, pages);
	gate_count(switchover_us, clock_us() - start);
}

static bool is_signalled(void)
{
	switch (qemu.switch_signal) {
	case QEMU_SWITCH_OUTSIDE_SYNC:
		return !this_thread.in_sync;
	case QEMU_SWITCH_ANNOUNCED:
		return switchover.announced;
	default:
		return false;
	}
}

/* Between the first round and the switch. */
static bool records(void)
{
	return skipped_is_on() && !switchover.handed_over;
}

/* The migration thread syncs, with the guest stopped and pages to hand over. */
static bool is_switchover(void)
{
	return records() && in_migration_thread() && !qemu.runstate_is_running() &&
	       is_signalled();
}

/* Other syncs call this, too: a display syncs the log for itself. */
static void log_synced(struct qemu_memory_listener *listener, bool last_stage)
{
	bool switching = is_switchover();
	struct bql_hold hold;

	(void)listener;
	(void)last_stage;
	if (this_thread.reading || (!this_thread.in_sync && !switching))
		return;
	hold = bql_hold_begin();
	this_thread.reading = true;
	/* The guest's stop closed the round without waiting for the apply thread. */
	if (switching)
		gate_close(true);
	audit_sync();
	if (switching)
		hand_over();
	this_thread.reading = false;
	bql_hold_end(hold);
}

/* QEMU calls this before it calls a handler that could write into the stream: not active. */
static bool is_active(void *opaque)
{
	(void)opaque;
	switchover.announced = true;
	return false;
}

static bool empty_prepare(void *stream, void *opaque, Error **errp)
{
	(void)stream;
	(void)opaque;
	(void)errp;
	return true;
}

static void vm_state_changed(void *opaque, bool running, int state)
{
	struct bql_hold hold;

	(void)opaque;
	(void)state;
	if (!running)
		return;
	hold = bql_hold_begin();
	zero_thread_stop();
	switchover.announced = false;
	bql_hold_end(hold);
}

void switchover_init(void)
{
	ram_dirty_bitmap_init();
	switchover.listener.log_sync_global = log_synced;
	switchover.listener.priority = QEMU_LISTENER_FIRST;
	switchover.listener.name = "freehint";
	qemu.memory_listener_register(&switchover.listener, qemu.address_space_memory);
	qemu.qemu_add_vm_change_state_handler_prio(vm_state_changed, NULL, HANDLER_PRIORITY);
	if (qemu.switch_signal != QEMU_SWITCH_ANNOUNCED)
		return;
	switchover.handlers.is_active = is_active;
	switchover.handlers.save_postcopy_prepare = empty_prepare;
	qemu.register_savevm_live("freehint", 0, 1, &switchover.handlers, NULL);
}

void switchover_prepare(void)
{
	if (!qemu.migrate_postcopy_ram() || switchover_refusal())
		return;
	if (!skipped_is_on()) {
		switchover.announced = false;
		switchover.handed_over = false;
		switchover.unlooked = false;
		switchover.no_memory = skipped_start();
	}
}

bool switchover_permits(void)
{
	return !qemu.migrate_postcopy_ram() || (skipped_is_on() && !switchover.handed_over);
}

void switchover_before_sync(void)
{
	this_thread.in_sync = true;
	if (records() && !in_migration_thread())
		skipped_doubt();
}

/*
 * After the last sync of a precopy nobody asks any more, and every microsecond counts. It cannot
 * be told from a sync while the guest is paused or sleeps: the migration goes on then.
 */
static void look(void)
{
	if (!qemu.runstate_is_running()) {
		switchover.unlooked = true;
		return;
	}
	make_up_for_looks();
	skipped_drop_dirty();
}

void switchover_after_sync(void)
{
	this_thread.in_sync = false;
	if (records() && in_migration_thread())
		look();
	audit_discard_writes();
}

void switchover_end(void)
{
	zero_thread_stop();
	audit_end();
	skipped_stop();
	switchover.no_memory = false;
	switchover.announced = false;
}
