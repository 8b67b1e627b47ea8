// SPDX-License-Identifier: GPL-2.0
/*
 * The switch to postcopy: skipped pages are given back to QEMU as pages that are dirty, and
 * that read as zero.
 *
 * Theory of operation
 * -------------------
 * After the switch the guest runs on the destination, and a page that never came is
 * requested. The source sends it if it is dirty, and drops the request if not: a skipped
 * page is clean, and whoever touches it stands still until postcopy ends. So at the switch,
 * with the guest stopped for good, every page that is still skipped is
 *
 *   - set dirty, before QEMU collects the last dirty log of the migration: it then is a page
 *     like others, for requests, for recovery after a broken link, for preemption;
 *   - made zero, by a thread, while the migration goes on (zero_thread.c): QEMU sends
 *     nine bytes for a page of zeros, and the destination places the zero page, which takes
 *     no memory there unless memory is shared. What the thread has not reached yet is sent as
 *     it is: bytes, nothing worse, for the content of a free page is dead.
 *
 * The destination needs nothing and knows nothing.
 *
 * The moment. There is no precopy notifier between the stop of the guest and the
 * collection. There is a sync, and a MemoryListener with log_sync_global, of a priority
 * above the accelerator's and all devices', is called at its end. How to tell it from the
 * last sync of a plain precopy, which also has the guest stopped:
 *
 *	QEMU 7.2, 10.0	only the latter is between BEFORE_SYNC and AFTER_SYNC
 *	QEMU 11.1	both are. But there the savevm handlers are told first
 *			(save_postcopy_prepare), if they are active: ours is asked
 *			whether it is, says no, writes nothing, and knows
 *
 * Whose sync? Since 10.0 a timer in the main loop syncs, too (auto-converge), and with TCG
 * or a dirty ring a sync drops the BQL in its middle. The migration thread can switch just
 * then. So "between BEFORE_SYNC and AFTER_SYNC" is said of a thread, not of QEMU, and
 * so is "we read the log ourselves", which syncs as well.
 *
 * If we took another sync of a stopped guest for the switch, free pages would be sent as
 * zeros that need not have been: time, no harm. The opposite would stall guests, so where
 * neither way exists the capability is refused.
 *
 * If the switch fails, the guest runs on here: free pages of it read as zero, and the
 * thread ends before a vCPU starts.
 *
 * Why not on the destination (received bits set early, zero pages placed from there): it
 * has no hook that exists in all series, and the source would have to trust that the
 * other side has it. docs/postcopy.md has what was studied.
 */
#include <pthread.h>
#include <stdlib.h>

#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/dirty_log.h"
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "skipped.h"
#include "switchover.h"
#include "../audit/witness.h"
#include "zero_thread.h"

/* Above the accelerators' (10) and vhost's and VFIO's (at most 20). */
#define LISTENER_PRIORITY	1000
/* Before every device when the guest starts. */
#define HANDLER_PRIORITY	(-1000)

/*
 * Guarded by the BQL.
 *
 * @announced: by a savevm handler.
 * @handed_over: what is skipped was set dirty; to our own log, too.
 */
static struct {
	struct qemu_memory_listener listener;
	struct qemu_savevm_handlers handlers;
	pthread_t thread;
	bool announced;
	bool handed_over;
	bool no_memory;
	u64 pages;
} sw;

/* Of this thread. @reading: our own reading of the log syncs, too. */
static _Thread_local struct {
	bool in_sync;
	bool reading;
} my;

const char *switchover_refusal(void)
{
	if (!qemu.tells_switchover)
		return "postcopy-ram capability is set, and of this QEMU it is not known how "
		       "it switches";
	if (sw.no_memory)
		return "postcopy-ram capability is set, and there is no memory to remember "
		       "what was skipped";
	return NULL;
}

static bool set_dirty(const struct skipped_block *block, u64 first, u64 pages)
{
	dirty_log_set(block->region, first, pages);
	sw.pages += pages;
	return true;
}

/* Context: BQL held, guest stopped, inside the sync. */
static void hand_over(void)
{
	u64 start = clock_us();

	sw.handed_over = true;
	skipped_forget_written();
	skipped_forget_unplugged();
	sw.pages = 0;
	skipped_walk(set_dirty);
	zero_thread_start();
	gate_count(switchovers, 1);
	gate_count(pages_switchover, sw.pages);
	gate_count(switchover_us, clock_us() - start);
}

static bool is_switchover(void)
{
	if (!skipped_is_on() || sw.handed_over || !pthread_equal(sw.thread, pthread_self()) ||
	    qemu.runstate_is_running())
		return false;
	return qemu.register_savevm_live ? sw.announced : !my.in_sync;
}

/* Displays sync, too, for themselves. */
static void log_synced(struct qemu_memory_listener *listener, bool last_stage)
{
	bool switching = is_switchover();

	(void)listener;
	(void)last_stage;
	if (my.reading || (!my.in_sync && !switching))
		return;
	my.reading = true;
	/* The guest's stop closed the round, but did not wait. */
	if (switching)
		gate_close(true);
	witness_sync();
	if (switching)
		hand_over();
	my.reading = false;
}

/* Asked before the one thing that our handlers could do: write into the stream. */
static bool announced(void *opaque)
{
	(void)opaque;
	sw.announced = true;
	return false;
}

static bool write_nothing(void *stream, void *opaque, Error **errp)
{
	(void)stream;
	(void)opaque;
	(void)errp;
	return true;
}

static void vm_state_changed(void *opaque, bool running, int state)
{
	(void)opaque;
	(void)state;
	if (!running)
		return;
	zero_thread_stop();
	sw.announced = false;
}

void switchover_init(void)
{
	sw.listener.log_sync_global = log_synced;
	sw.listener.priority = LISTENER_PRIORITY;
	sw.listener.name = "freehint";
	qemu.memory_listener_register(&sw.listener, qemu.address_space_memory);
	qemu.qemu_add_vm_change_state_handler_prio(vm_state_changed, NULL, HANDLER_PRIORITY);
	if (!qemu.register_savevm_live)
		return;
	sw.handlers.is_active = announced;
	sw.handlers.save_postcopy_prepare = write_nothing;
	qemu.register_savevm_live("freehint", 0, 1, &sw.handlers, NULL);
}

void switchover_prepare(void)
{
	if (!qemu.migrate_postcopy_ram() || switchover_refusal())
		return;
	if (!skipped_is_on()) {
		sw.thread = pthread_self();
		sw.announced = false;
		sw.handed_over = false;
		sw.no_memory = skipped_begin();
	}
	my.reading = true;
	skipped_forget_written();
	my.reading = false;
}

void switchover_in_sync(bool begins)
{
	my.in_sync = begins;
	if (!begins)
		witness_forget();
}

void switchover_over(void)
{
	zero_thread_stop();
	witness_over();
	skipped_end();
	sw.no_memory = false;
	sw.announced = false;
}
