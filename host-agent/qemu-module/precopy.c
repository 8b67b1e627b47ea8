// SPDX-License-Identifier: GPL-2.0
/*
 * Where QEMU's migration calls us: opens a round after every bitmap sync, closes
 * it before the next; VM start, stop and reset.
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
 * After a sync, with the guest running: arm, open the gate, publish, in this order.
 * Before a sync and at cleanup: close the gate and wait for the apply thread.
 *
 * Between the first AFTER_SYNC and SETUP, QEMU excludes discarded pages from its
 * bitmap without taking the bitmap's lock (migration_bitmap_clear_discarded_pages).
 * Clearing bits meanwhile could corrupt its count of dirty pages, and a migration
 * whose count never reaches the threshold never ends. So the guest is asked at once,
 * but nothing is applied before SETUP.
 *
 * At SETUP a pass has sent nothing yet and nobody holds the bitmap's lock. Where the
 * BQL is not held either (before 9.0), the migration thread waits there for the
 * first hints, bounded by first-wait-ms, because once it sends it keeps the lock for
 * 50 ms at a time. Where the BQL is held no wait is possible: the guest could not
 * take a timer interrupt under TCG, and its devices would stand still.
 *
 * Why not open rounds from the migration state alone: only these notifiers tell
 * where the syncs are, and a hint is only worth anything between two of them.
 *
 * postcopy: after the switch a hinted page is neither sent nor served, and the guest
 * thread that wants it stalls. A set postcopy-ram capability therefore keeps every
 * round closed. background-snapshot writes each page once, whatever the dirty log
 * says, and COLO goes on syncing after the switch without these notifiers.
 */
#include <pthread.h>

#include "../../include/freehint/shm_layout.h"
#include "arm.h"
#include "bar.h"
#include "precopy.h"
#include "qemu_abi.h"
#include "round_gate.h"

/**
 * enum greeting - has the region our hello?
 * @GREETING_NOT_YET: the guest never ran here; a destination's region belongs to
 *                    the incoming migration
 * @GREETING_DUE:     the guest runs, or ran
 * @GREETING_SAID:    it has
 */
enum greeting {
	GREETING_NOT_YET,
	GREETING_DUE,
	GREETING_SAID,
};

/*
 * Guarded by the BQL. Before QEMU 9.0 setup_done() runs without it; it reads
 * @enabled only to save work (the gate decides), and @pass and @in_setup are
 * written by its own thread.
 */
static struct {
	struct qemu_notifier notifier;
	u64 first_wait_us;
	bool enabled;
	bool in_setup;
	u32 pass;
	bool opened;
	enum greeting greeting;
	pthread_t thread;
} precopy;

static const char *capability_refusal(void)
{
	if (qemu.migrate_postcopy_ram())
		return "postcopy-ram capability is set";
	if (qemu.migrate_background_snapshot())
		return "background-snapshot capability is set";
	if (qemu.colo())
		return "x-colo capability is set";
	return NULL;
}

static const char *guest_refusal(void)
{
	struct freehint_guest_hello hello;

	switch (bar_guest(&hello)) {
	case 0:
		break;
	case -EPROTO:
		return hello.version > FREEHINT_VERSION ?
		       "the guest module speaks a newer version; update freehint of the host" :
		       "the guest module speaks an older version; update freehint of the guest";
	case -EINVAL:
		return "the guest's hello makes no sense";
	default:
		return "no guest module has said hello; load freehint.ko in the guest, or "
		       "see its kernel log";
	}
	if (hello.contract != FREEHINT_CONTRACT_REFUSED)
		return NULL;
	switch (hello.refusal) {
	case FREEHINT_REFUSAL_POISON:
		return "the guest checks free pages for a poison pattern (page_poison=1)";
	case FREEHINT_REFUSAL_PAGE_SIZE:
		return "the guest's pages are not 4 KiB";
	default:
		return "the guest's administrator switched reporting off (report=0)";
	}
}

/* What stands against hinting in any pass. */
static const char *refusal(void)
{
	const char *why = capability_refusal();

	return why ? why : guest_refusal();
}

const char *precopy_refusal(void)
{
	struct freehint_guest_hello hello;
	const char *why;

	if (!bar_is_attached())
		return "no shared memory";
	why = refusal();
	if (why)
		return why;
	if (precopy.pass > 1 && !bar_guest(&hello) &&
	    hello.contract == FREEHINT_CONTRACT_ZERO)
		return "free pages of this guest must read as zero (init_on_free=1): "
		       "hints count in the first pass only";
	return NULL;
}

static void withdraw_request(void)
{
	if (bar_is_attached() && precopy.enabled)
		bar_request(FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
}

/* A hello takes the request back and says "off": reporting that is on is said anew. */
static void say_hello(void)
{
	bar_say_hello();
	withdraw_request();
}

static void open_round(u64 sync_us)
{
	u64 id, armed_us, chunks;

	chunks = arm_all();
	armed_us = gate_time_us();
	id = gate_open(precopy.pass, sync_us, precopy.in_setup);
	bar_request(id, FREEHINT_PHASE_ROUND, precopy.pass);
	gate_published();
	gate_count(arm_us, armed_us - sync_us);
	gate_count(arm_chunks, chunks);
	if (!precopy.opened)
		gate_count(migrations, 1);
	precopy.opened = true;
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

static void after_sync(void)
{
	u64 sync_us = gate_time_us();

	arm_tlbs();
	precopy.pass++;
	if (precopy.pass == 1) {
		precopy.in_setup = true;
		precopy.thread = pthread_self();
	}
	/* A stopped guest cannot answer, and its last pass must not be touched. */
	if (!precopy.enabled || !qemu.runstate_is_running())
		return;
	if (precopy_refusal() || !in_migration_thread())
		gate_count(rounds_refused, 1);
	else
		open_round(sync_us);
	gate_count_bql(gate_time_us() - sync_us);
}

/*
 * Whether reporting is on or not: x-freehint-stop does not wait for the range that
 * is just being applied, so the next sync has to.
 */
static void close_round(bool wait)
{
	gate_close(wait);
	withdraw_request();
}

static void before_sync(void)
{
#ifndef FREEHINT_MUTANT_NO_GATE
	close_round(true);
#endif
}

static void setup_done(void)
{
	precopy.in_setup = false;
	if (!precopy.enabled)
		return;
	gate_setup_done();
	if (precopy.first_wait_us && precopy.pass == 1 && !qemu.bql_is_locked() &&
	    qemu.runstate_is_running())
		gate_wait_first(precopy.first_wait_us);
}

static void migration_over(void)
{
	close_round(true);
	arm_none();
	precopy.in_setup = false;
	precopy.pass = 0;
	precopy.opened = false;
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
		close_round(true);
		break;
	case QEMU_PRECOPY_CLEANUP:
		migration_over();
		break;
	}
	return 0;
}

/*
 * While an incoming postcopy fills memory, the region is left alone. Nothing tells
 * us when that is over, so the greeting is made up for at the next command.
 */
bool precopy_greet(const char **why)
{
	if (qemu.migration_in_incoming_postcopy()) {
		*why = "the incoming migration has not completed";
		return false;
	}
	if (precopy.greeting == GREETING_NOT_YET) {
		*why = "the guest has not run here yet";
		return false;
	}
	if (!bar_attach(why))
		return false;
	if (precopy.greeting == GREETING_SAID)
		return true;
	say_hello();
	precopy.greeting = GREETING_SAID;
	return true;
}

/*
 * The first time the guest runs, and every time it runs again: whatever was loaded
 * into the region meanwhile (an incoming migration, a snapshot) carries somebody
 * else's hello.
 */
static void vm_started(void)
{
	const char *why;

	precopy.greeting = GREETING_DUE;
	precopy_greet(&why);
}

static void vm_state_changed(void *opaque, bool running, int state)
{
	(void)opaque;
	(void)state;
	if (running)
		vm_started();
	else
		close_round(false);
}

/* The old kernel's module is gone; its hello in the region must not count. */
static void vm_reset(void *opaque)
{
	(void)opaque;
	bar_new_instance();
	if (!bar_is_attached() || !qemu.runstate_is_running())
		return;
	close_round(false);
	say_hello();
}

void precopy_init(u64 first_wait_us)
{
	precopy.first_wait_us = first_wait_us;
	precopy.notifier.notify = precopy_notified;
	qemu.precopy_add_notifier(&precopy.notifier);
	qemu.qemu_add_vm_change_state_handler(vm_state_changed, NULL);
	qemu.qemu_register_reset(vm_reset, NULL);
}

bool precopy_start(const char **why)
{
	if (!precopy_greet(why))
		return false;
	*why = refusal();
	if (*why)
		return false;
	if (precopy.enabled)
		return true;
	if (!bar_make_room(why))
		return false;
	precopy.enabled = true;
	/* In the middle of a pass: the next sync opens the first round. */
	withdraw_request();
	return true;
}

void precopy_stop(void)
{
	close_round(false);
	precopy.enabled = false;
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
