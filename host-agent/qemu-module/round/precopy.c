// SPDX-License-Identifier: GPL-2.0
/*
 * Precopy notifiers: open a round after every bitmap sync and close it before the next.
 *
 * After a sync, while the guest runs: arm, open the gate, publish, in this order; then wait for
 * the hints. Before a sync and at cleanup: close the gate and wait for the apply thread.
 * A sync that stops the guest (stop_threshold.c), or would with what hints take away
 * (hint_share.c), or comes before the last round has paid (round_pays.c) opens none. What the
 * first round brings must not stop the guest before the rest of the pass is sent (stop_hold.c).
 *
 * Invariant: a round opens only if no sync has begun since the log was armed, and none is
 * running in any thread. Otherwise its hints could wipe what the sync has just brought.
 *
 * The BQL is dropped to arm and to wait: with it held the guest's devices stop and QEMU reads
 * no commands. Dropping it invalidates every answer of QEMU and of the guest so far:
 *   - a timer's sync (auto-converge, QEMU 10.0) undoes the arming: compare @syncs;
 *   - such a sync may drop the BQL in its middle: check @syncing;
 *   - the device of the next notifier may be unplugged while QEMU holds a pointer to it: so
 *     this notifier must be the last in QEMU's list, which reporting.c checks.
 *
 * In the first AFTER_SYNC the BQL is never dropped: QEMU holds the lock of its list of RAM blocks,
 * under which the BQL must not be taken. Until SETUP QEMU also changes its bitmap without
 * the bitmap lock. So the first round opens at SETUP.
 *
 * Why wait here: a pass that sends holds the bitmap lock. docs/extension.md has more.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../audit/dirty_audit.h"
#include "../core/arm.h"
#include "../core/bar.h"
#include "../core/bar_bitmap.h"
#include "../core/first_sync.h"
#include "../core/migration_info.h"
#include "../core/migration_thread.h"
#include "../core/qemu_abi.h"
#include "../gate/bql_hold.h"
#include "../gate/round_gate.h"
#include "../give-back/give_back_session.h"
#include "../map/page_map.h"
#include "../postcopy/switchover.h"
#include "bql_drop.h"
#include "hint_share.h"
#include "hint_wait.h"
#include "pass.h"
#include "precopy.h"
#include "refusal.h"
#include "reporting.h"
#include "round_pays.h"
#include "stop_hold.h"
#include "stop_threshold.h"
#include "wait_for_hints.h"

/*
 * Guarded by the BQL.
 *
 * @round: id of the last round of this migration. @syncs: incremented when a sync starts and when
 * it ends. @syncing: syncs in progress, of any thread.
 */
static struct {
	struct qemu_notifier notifier;
	struct precopy_limits limits;
	bool opened;
	u64 sync_us;
	u64 syncs;
	unsigned int syncing;
	u64 round;
} precopy;

static bool is_last(void)
{
	return qemu_notifier_is_last(&precopy.notifier);
}

/*
 * With auto-converge, QEMU 10.0 and later also sync from a timer in the main loop, in the
 * middle of a pass. The migration thread then holds the bitmap lock, and arming would wait
 * for it, chunk by chunk, with the BQL held. Such a sync closes the round but opens none.
 */
static bool may_open(void)
{
	/* A stopped guest cannot answer, and hints must not touch its last pass. */
	if (!reporting_is_on() || !qemu.runstate_is_running())
		return false;
	if (in_migration_thread() && !precopy.syncing && !reporting_refusal())
		return true;
	gate_count(rounds_refused, 1);
	return false;
}

static void open_round(void)
{
	u64 id;

	hint_share_begin(qemu.ram_bytes_remaining());
	id = gate_open(pass_now(), precopy.sync_us);
	audit_open_round(id);
	bar_request(id, FREEHINT_PHASE_ROUND, pass_now());
	gate_published();
	if (!precopy.opened)
		gate_count(migrations, 1);
	precopy.opened = true;
	precopy.round = id;
}

/* Runs mostly without the BQL: it takes milliseconds per GiB of a guest under KVM. */
static void arm(void)
{
	u64 start = clock_us();

	arm_acquire();
	bql_drop();
	if (!precopy.opened)
		page_map_reset(&hinted_map);
	gate_count(arm_chunks, arm_all(migration_is_ending_unlocked));
	gate_count(arm_us, clock_us() - start);
	bql_take();
	reporting_note_memory(arm_bytes());
	switchover_prepare();
}

/*
 * A later pass waits only for a peer that answered the round before it, and none for a guest that
 * cannot see the round yet because its device decodes no memory.
 */
static struct hint_wait next_wait(bool answered)
{
	const struct precopy_limits *limits = &precopy.limits;
	u64 limit = pass_now() > 1 ? limits->later_wait_us : limits->first_wait_us;

	if (!bar_is_mapped() || (pass_now() > 1 && !answered))
		limit = 0;
	return hint_wait_for(limit, pass_now(), arm_bytes(), request_notice_us(),
			     stop_downtime_us());
}

/*
 * What the guest writes while a round opens is in no count of QEMU's. So none opens at the sync
 * by which QEMU decides to stop the guest: it would be sent with the guest stopped. @cost_ms is the
 * time in which the guest dirties pages after QEMU's count. hint_share and the cost are guesses.
 * Each refusal halves both, so that a wrong guess does not refuse for ever.
 */
static bool leads_to_stop(u64 wait_us)
{
	u64 cost_ms = round_pays_next(wait_us) / 1000 >> hint_share_doubts();
	u64 saved = hint_share_of(qemu.ram_bytes_remaining());

	if (!stop_is_near(saved, cost_ms))
		return false;
	if ((saved || cost_ms) && !stop_is_near(0, 0))
		hint_share_doubt();
	gate_count(rounds_quiet, 1);
	return true;
}

static bool is_worth_it(bool answered)
{
	u64 wait_us;

	if (pass_now() == 1)
		return true;
	wait_us = next_wait(answered).total_us;
	return !leads_to_stop(wait_us) && round_pays(wait_us, precopy.round);
}

/* Return: true if no sync started or ended since @syncs was read. */
static bool still_armed(u64 syncs)
{
	return syncs == precopy.syncs;
}

/* Context: BQL held, migration thread, right after a sync or after the setup. */
static void begin_round(void)
{
	bool answered = gate_was_answered();
	u64 syncs = precopy.syncs;

	if (!may_open() || !is_worth_it(answered))
		return;
	round_pays_start();
	arm();
	round_pays_armed();
	if (still_armed(syncs) && !migration_is_ending() && may_open()) {
		open_round();
		wait_for_hints(next_wait(answered), pass_now(), request_notice_us());
	}
	round_pays_end();
}

/*
 * Also before the last pass. refusal_in_pass(0): the contract does not matter, because the bitmap
 * is not guest memory that is read.
 */
static void leave_out_bitmap(void)
{
	if (reporting_is_on() && pass_now() && in_migration_thread() &&
	    switchover_permits() && !refusal_in_pass(0))
		bar_bitmap_leave_out();
}

/* Only the last notifier may drop the BQL. Elsewhere QEMU's TCG keeps its own behaviour. */
static void reset_tlbs(void)
{
	if (is_last())
		arm_tlbs();
}

/* In the first sync everything that drops the BQL is left to setup_done(). */
static void after_sync(void)
{
	switchover_after_sync();
	first_sync_note(false);
	precopy.sync_us = clock_us();
	precopy.syncs++;
	if (precopy.syncing)
		precopy.syncing--;
	pass_begin();
	if (pass_now() == 1) {
		migration_thread_note();
		gate_begin_migration();
		round_pays_reset();
		hint_share_begin(0);
		return;
	}
	reset_tlbs();
	begin_round();
	leave_out_bitmap();
}

/* Called even if reporting is off: x-freehint-stop waits for no range that is being applied. */
void precopy_close(bool wait)
{
	gate_close(wait);
	reporting_withdraw();
}

static void before_sync(void)
{
	first_sync_note(!pass_now());
	precopy.syncs++;
	precopy.syncing++;
	stop_hold_end();
	if (!pass_now())
		give_back_suspend("a migration is under way; the guest is asked again after it");
	precopy_close(true);
	switchover_before_sync();
}

static void setup_done(void)
{
	/* Without a sync there is no dirty log: this is a background snapshot. */
	if (pass_now()) {
		reporting_begin_migration();
		reset_tlbs();
	}
	begin_round();
	if (precopy.opened && !migration_is_ending())
		stop_hold_begin();
	leave_out_bitmap();
}

static void migration_ended(void)
{
	pass_end();	/* stands in the request line that is written next */
	stop_hold_end();
	precopy_close(true);
	switchover_end();
	bar_bitmap_end();
	arm_release();
	precopy.syncing = 0;
	first_sync_note(false);
	precopy.opened = false;
	reporting_end_migration();
}

static void notified(enum qemu_precopy_reason reason)
{
	struct bql_hold hold = bql_hold_begin();

	switch (reason) {
	case QEMU_PRECOPY_SETUP:
		setup_done();
		break;
	case QEMU_PRECOPY_BEFORE_SYNC:
		before_sync();
		break;
	case QEMU_PRECOPY_AFTER_SYNC:
		after_sync();
		break;
	case QEMU_PRECOPY_COMPLETE:
		precopy_close(true);
		break;
	case QEMU_PRECOPY_CLEANUP:
		migration_ended();
		break;
	}
	bql_hold_end(hold);
}

static int precopy_notify(struct qemu_notifier *notifier, void *data)
{
	enum qemu_precopy_reason reason = *(const enum qemu_precopy_reason *)data;
	/* At SETUP some series hold it. */
	bool take = reason == QEMU_PRECOPY_SETUP && !qemu.bql_is_locked();

	(void)notifier;
	/* COLO's checkpoints sync without the BQL, and no round is open. */
	if (reason != QEMU_PRECOPY_CLEANUP && qemu.colo())
		return 0;
	if (take)
		qemu.bql_lock(__FILE__, __LINE__);
	notified(reason);
	if (take)
		qemu.bql_unlock();
	return 0;
}

void precopy_init(const struct precopy_limits *limits)
{
	precopy.limits = *limits;
	precopy.notifier.notify = precopy_notify;
	reporting_init(&precopy.notifier, limits->start);
	stop_hold_init();
	qemu.precopy_add_notifier(&precopy.notifier);
}
