// SPDX-License-Identifier: GPL-2.0
/*
 * Where QEMU's migration calls us: opens a round after every bitmap sync, closes
 * it before the next.
 *
 * Theory of operation
 * -------------------
 * QEMU's notifiers run in the migration thread, in this order:
 *
 *	BEFORE_SYNC, AFTER_SYNC		first pass; BQL held, setup in progress
 *	SETUP				setup done; BQL held since QEMU 9.0
 *	BEFORE_SYNC, AFTER_SYNC		every later pass; BQL held
 *	BEFORE_SYNC, AFTER_SYNC		the last one, with the guest stopped
 *	COMPLETE			precopy is over
 *	CLEANUP				main loop; the dirty bitmap is freed after it
 *
 * After a sync, with the guest running: arm, open the gate, publish, in this order;
 * then wait for the hints. Before a sync and at cleanup: close the gate and wait for
 * the apply thread.
 *
 * The first round is opened at SETUP and not before. Between the first AFTER_SYNC and
 * SETUP, QEMU excludes discarded pages from its bitmap without taking the bitmap's
 * lock (migration_bitmap_clear_discarded_pages). Clearing bits meanwhile could corrupt
 * its count of dirty pages, and a migration whose count never reaches the threshold
 * never ends.
 *
 * Why the migration thread waits. Once it sends, it keeps QEMU's bitmap lock for 50 ms
 * at a time (MAX_WAIT in migration/ram.c), the first hints come that late, and what is
 * sent meanwhile is lost to us. In the notifier a pass has sent nothing yet and nobody
 * holds the lock. The wait ends with the last hint, or when nothing moves any more, or
 * at its limit; a later pass waits only if somebody answered the one before.
 *
 * Why the BQL is dropped for it, and for arming. With the BQL held the guest's devices
 * stand still, a TCG guest cannot even take a timer interrupt, and QMP commands with
 * hints are not read. Nothing that QEMU does between the notifier's return and its own
 * unlock needs the BQL to have been held throughout: SETUP is the last call of
 * qemu_savevm_state_setup(), AFTER_SYNC the last of migration_bitmap_sync_precopy(),
 * and QEMU's TCG drops the BQL there itself (tcg_log_global_after_sync). In later
 * passes an RCU read section surrounds us, inside which QEMU takes the BQL elsewhere,
 * too (prepare_mmio_access); nobody waits for a grace period with the BQL held.
 *
 * In the first AFTER_SYNC the BQL is never dropped. QEMU holds the lock of its list of RAM
 * blocks there (ram_init_bitmaps), and whoever plugs memory takes that lock with the BQL
 * held: to take the BQL again under it would be a deadlock. So what has to drop it waits
 * for SETUP: the first round, and the reset of TCG's TLBs (arm_tlbs). Until then the bitmap
 * says that all memory is dirty, and nothing of it was sent: a write that goes unrecorded
 * is of a page that is yet to be sent.
 *
 * Nobody stands behind us. QEMU's list of these notifiers is walked with the next element
 * looked up before each call (notifier_with_return_list_notify). While we have dropped the
 * BQL the device that owns the next one, virtio-balloon, can be unplugged, and QEMU would
 * call what was freed. Whoever registers later is put at the head (notifier_with_return_list_add):
 * in front of us, where the walk has been already. That is so in 7.2, 10.0, 10.2 and 11.1.
 * So whoever comes before the first device is the last, for ever: a -plugin is loaded before
 * the machine makes devices (qemu_init_board), and -object freehint is made before that.
 * Since nothing of QEMU's promises it, it is asked before each drop (is_last), and a QEMU in
 * which it is not so gets no hints.
 *
 * QEMU's lists of memory listeners and savevm handlers need no such rule: they find the next
 * element after the call, through ours, and ours stays.
 *
 * What dropping it invalidates: everything that was asked of QEMU and of the guest.
 * And since 10.0 a timer in the main loop may sync meanwhile (auto-converge): what was
 * armed before such a sync is armed no more, so begin_round() compares @syncs. Such a sync also
 * drops the BQL in its middle: with KVM's dirty ring before QEMU collects the log, with
 * TCG before the TLBs are reset. A round that opened there would be older than the end of the sync,
 * and its hints would wipe what the sync has just brought. So none is opened while any
 * thread syncs (@syncing).
 */
#include <pthread.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/arm.h"
#include "../core/bar.h"
#include "../map/hint_map.h"
#include "hint_wait.h"
#include "precopy.h"
#include "../core/qemu_abi.h"
#include "refusal.h"
#include "../gate/round_gate.h"
#include "../postcopy/switchover.h"
#include "../audit/witness.h"

/*
 * Guarded by the BQL; @bql_us is the migration thread's own.
 *
 * @syncs grows when a sync begins and when it ends. @syncing: syncs that have begun and not
 * ended, of any thread. @woken: reporting was started by this migration, and ends with it.
 * @barren: no memory that could be hinted migrates.
 */
static struct {
	struct qemu_notifier notifier;
	struct precopy_limits limits;
	bool enabled;
	bool woken;
	bool barren;
	u32 pass;
	u64 sync_us;
	u64 syncs;
	unsigned int syncing;
	u64 bql_us;
	bool opened;
	pthread_t thread;
} precopy;

static bool is_last(void)
{
	return qemu_notifier_is_last(&precopy.notifier);
}

static const char *refusal(u32 pass)
{
	if (!is_last())
		return "a device that was there before freehint wants to know of migrations, too; "
		       "load freehint when QEMU starts";
	return refusal_in_pass(pass);
}

const char *precopy_refusal(void)
{
	if (precopy.barren)
		return "no memory of the guest migrates (x-ignore-shared)";
	return refusal(precopy.pass);
}

void precopy_withdraw(void)
{
	if (bar_is_attached() && precopy.enabled)
		bar_request(FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
}

/*
 * With auto-converge, newer series also sync from a timer in the main loop, in the
 * middle of a pass. The migration thread holds the bitmap lock then, and arming
 * would wait for it, chunk by chunk, with the BQL held. Such a sync closes the round
 * like any other, but opens none.
 */
static bool in_migration_thread(void)
{
	return pthread_equal(precopy.thread, pthread_self());
}

static bool may_open(void)
{
	/* A stopped guest cannot answer, and its last pass must not be touched. */
	if (!precopy.enabled || !qemu.runstate_is_running())
		return false;
	if (in_migration_thread() && !precopy.syncing && !precopy_refusal())
		return true;
	gate_count(rounds_refused, 1);
	return false;
}

static void drop_bql(void)
{
	gate_count_bql(clock_us() - precopy.bql_us);
	qemu.bql_unlock();
}

static void take_bql(void)
{
	qemu.bql_lock(__FILE__, __LINE__);
	precopy.bql_us = clock_us();
}

static void open_round(void)
{
	u64 id = gate_open(precopy.pass, precopy.sync_us);

	witness_open_round(id);
	bar_request(id, FREEHINT_PHASE_ROUND, precopy.pass);
	gate_published();
	if (!precopy.opened)
		gate_count(migrations, 1);
	precopy.opened = true;
}

/* Mostly without the BQL: this takes milliseconds for each GiB of a guest under KVM. */
static void arm(void)
{
	u64 start = clock_us();

	arm_hold();
	drop_bql();
	if (precopy.pass == 1)
		hint_map_reset();
	gate_count(arm_chunks, arm_all());
	gate_count(arm_us, clock_us() - start);
	take_bql();
	precopy.barren = !arm_bytes();
	switchover_prepare();
}

/* Microseconds until guest and agent have seen the request, 0 if nobody says. */
static u64 notice_us(void)
{
	u64 us = bar_poll_us();

	/* The agent looks as often as an idle guest until it knows of the migration. */
	return precopy.woken && us < FREEHINT_POLL_IDLE_US ? FREEHINT_POLL_IDLE_US : us;
}

static void wait_for_hints(void)
{
	const u64 notice = notice_us();
	const u64 limit = precopy.pass == 1 ? precopy.limits.first_wait_us :
					      precopy.limits.later_wait_us;
	const struct hint_wait wait = hint_wait_for(limit, precopy.pass, arm_bytes(), notice);

	if (wait.too_late)
		qemu.warn_report("freehint: the guest looks for requests every %llu ms only, pass "
				 "%u starts without its hints; lower poll_idle_ms in the guest",
				 (unsigned long long)notice / 1000, precopy.pass);
	if (!wait.total_us)
		return;
	drop_bql();
	gate_wait(wait.idle_us, wait.total_us);
	take_bql();
}

/* Nothing has synced since @syncs were counted. */
static bool still_armed(u64 syncs)
{
	return syncs == precopy.syncs;
}

/* Context: BQL held, migration thread, straight after a sync or after the setup. */
static void begin_round(void)
{
	bool answered = precopy.pass == 1 || gate_was_answered();
	u64 syncs = precopy.syncs;

	if (!may_open())
		return;
	precopy.bql_us = clock_us();
	arm();
	if (still_armed(syncs) && may_open()) {
		open_round();
		if (answered)
			wait_for_hints();
	}
	gate_count_bql(clock_us() - precopy.bql_us);
}

/* Otherwise this QEMU's TCG stays as it is without us. */
static void reset_tlbs(void)
{
	if (is_last())
		arm_tlbs();
}

/* The first sync leaves everything that drops the BQL to setup_done(). */
static void after_sync(void)
{
	switchover_in_sync(false);
	precopy.sync_us = clock_us();
	precopy.syncs++;
	if (precopy.syncing)
		precopy.syncing--;
	precopy.pass++;
	if (precopy.pass == 1) {
		precopy.thread = pthread_self();
		return;
	}
	reset_tlbs();
	begin_round();
}

/*
 * Whether reporting is on or not: x-freehint-stop does not wait for the range that
 * is just being applied, so the next sync has to.
 */
void precopy_close(bool wait)
{
	gate_close(wait);
	precopy_withdraw();
}

/* The first sync is early enough: the first round opens at SETUP. */
static void wake_up(void)
{
	const char *why;

	if (precopy.limits.start && !precopy.enabled)
		precopy.woken = precopy.limits.start(&why);
}

static void before_sync(void)
{
	switchover_in_sync(true);
	precopy.syncs++;
	precopy.syncing++;
	if (!precopy.pass)
		wake_up();
	precopy_close(true);
}

static void setup_done(void)
{
	bool held = qemu.bql_is_locked();

	if (!held)
		take_bql();
	/* No sync, no dirty log: a background snapshot. */
	if (precopy.pass)
		reset_tlbs();
	begin_round();
	if (!held)
		qemu.bql_unlock();
}

static void migration_over(void)
{
	precopy_close(true);
	switchover_over();
	arm_none();
	precopy.barren = false;
	precopy.pass = 0;
	precopy.syncing = 0;
	precopy.opened = false;
	if (precopy.woken)
		precopy_stop();
}

static int precopy_notified(struct qemu_notifier *notifier, void *data)
{
	(void)notifier;
	switch (*(const enum qemu_precopy_reason *)data) {
	case QEMU_PRECOPY_BEFORE_SYNC:
		before_sync();
		break;
	case QEMU_PRECOPY_AFTER_SYNC:
		after_sync();
		break;
	case QEMU_PRECOPY_SETUP:
		setup_done();
		break;
	case QEMU_PRECOPY_COMPLETE:
		precopy_close(true);
		break;
	case QEMU_PRECOPY_CLEANUP:
		migration_over();
		break;
	}
	return 0;
}

void precopy_init(const struct precopy_limits *limits)
{
	precopy.limits = *limits;
	precopy.notifier.notify = precopy_notified;
	qemu.precopy_add_notifier(&precopy.notifier);
}

bool precopy_start(const char **why)
{
	*why = refusal(0);
	if (*why)
		return false;
	/* Reporting may have been on, or off, for so long that the guest looks seldom. */
	bar_kick();
	if (precopy.enabled)
		return true;
	if (!bar_make_room(why))
		return false;
	precopy.enabled = true;
	/* In the middle of a pass: the next sync opens the first round. */
	precopy_withdraw();
	return true;
}

void precopy_stop(void)
{
	precopy_close(false);
	precopy.enabled = false;
	precopy.woken = false;
	if (bar_is_attached())
		bar_request(FREEHINT_NO_ROUND, FREEHINT_PHASE_OFF, 0);
}

bool precopy_enabled(void)
{
	return precopy.enabled;
}

u32 precopy_pass(void)
{
	return precopy.pass;
}
