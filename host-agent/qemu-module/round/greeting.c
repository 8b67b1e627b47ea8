// SPDX-License-Identifier: GPL-2.0
/*
 * When the host's hello is said: as soon as the guest runs here, again whenever it runs
 * again, after a reset, and when the shared memory is added later.
 */
#include "../core/bar.h"
#include "greeting.h"
#include "precopy.h"
#include "../core/qemu_abi.h"

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

/* Guarded by the BQL. */
static enum greeting greeting;

/* Until an incoming postcopy is over it is asked for so often. */
#define LATER_NS	(100 * QEMU_MS)

static struct qemu_ram_notifier memory;
static struct qemu_timer later;
/* A look at new memory is on its way; any thread. */
static bool look_is_due;

/* A hello takes the request back and says "off": reporting that is on is said anew. */
static void say_hello(void)
{
	bar_say_hello();
	precopy_withdraw();
}

/* Reporting that is on was started in another region, and may go on where there is room. */
static bool attach(const char **why)
{
	bool is_new = !bar_is_attached();

	if (!bar_attach(why))
		return false;
	if (is_new && precopy_enabled() && !bar_make_room(why))
		precopy_stop();
	return true;
}

/*
 * The device was unplugged and its backend deleted. If another has come, a file that was
 * used before may have a guest's hello to the instance of then.
 */
static void let_go(void)
{
	precopy_close(false);
	bar_detach();
	bar_new_instance();
	greeting = GREETING_DUE;
}

static bool say_later(void)
{
	qemu.timer_mod_ns(&later, qemu.qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + LATER_NS);
	return false;
}

/*
 * While an incoming postcopy fills memory, the region is left alone. Nothing tells
 * us when that is over, so a timer looks; a command may come first.
 */
bool greeting_say(const char **why)
{
	if (greeting == GREETING_NOT_YET) {
		*why = "the guest has not run here yet";
		return false;
	}
	if (qemu.migration_in_incoming_postcopy()) {
		*why = "the incoming migration has not completed";
		return say_later();
	}
	if (bar_is_gone())
		let_go();
	if (!attach(why))
		return false;
	if (greeting == GREETING_SAID)
		return true;
	say_hello();
	greeting = GREETING_SAID;
	return true;
}

static void try_to_say(void *opaque)
{
	const char *why;

	(void)opaque;
	__atomic_store_n(&look_is_due, false, __ATOMIC_SEQ_CST);
	greeting_say(&why);
}

/*
 * A backend that is added while QEMU runs: its object has its id already, but its memory is
 * just being made, so the main loop looks at it when the command that adds it is done. The
 * device comes later, in another command; until then nobody reads the hello.
 */
static void memory_was_added(struct qemu_ram_notifier *notifier, void *host, size_t size,
			     size_t max)
{
	(void)notifier;
	(void)host;
	(void)size;
	(void)max;
	if (!__atomic_exchange_n(&look_is_due, true, __ATOMIC_SEQ_CST))
		qemu.aio_bh_schedule_oneshot_full(qemu.qemu_get_aio_context(), try_to_say,
						  NULL, "freehint-hello");
}

/*
 * The first time the guest runs, and every time it runs again: whatever was loaded
 * into the region meanwhile (an incoming migration, a snapshot) carries somebody
 * else's hello.
 */
static void vm_started(void)
{
	const char *why;

	greeting = GREETING_DUE;
	greeting_say(&why);
}

static void vm_state_changed(void *opaque, bool running, int state)
{
	(void)opaque;
	(void)state;
	if (running)
		vm_started();
	else
		precopy_close(false);
}

/*
 * The old kernel's module is gone; its hello in the region must not count. A guest that
 * stands still, or has not run yet, gets the new hello when it runs.
 */
static void vm_reset(void *opaque)
{
	const char *why;

	(void)opaque;
	bar_new_instance();
	if (greeting == GREETING_NOT_YET || !qemu.runstate_is_running())
		return;
	precopy_close(false);
	greeting = GREETING_DUE;
	greeting_say(&why);
}

void greeting_init(void)
{
	qemu.qemu_add_vm_change_state_handler(vm_state_changed, NULL);
	qemu.qemu_register_reset(vm_reset, NULL);
	qemu.timer_init_full(&later, NULL, QEMU_CLOCK_REALTIME, QEMU_SCALE_NS, 0, try_to_say,
			     NULL);
	memory.added = memory_was_added;
	qemu.ram_block_notifier_add(&memory);
}
