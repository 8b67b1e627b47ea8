// SPDX-License-Identifier: GPL-2.0
/*
 * When the host's hello is said: as soon as the guest runs here, again whenever it runs
 * again, and after a reset.
 */
#include "bar.h"
#include "greeting.h"
#include "precopy.h"
#include "qemu_abi.h"

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

/* A hello takes the request back and says "off": reporting that is on is said anew. */
static void say_hello(void)
{
	bar_say_hello();
	precopy_withdraw();
}

/*
 * While an incoming postcopy fills memory, the region is left alone. Nothing tells
 * us when that is over, so the greeting is made up for at the next command.
 */
bool greeting_say(const char **why)
{
	if (qemu.migration_in_incoming_postcopy()) {
		*why = "the incoming migration has not completed";
		return false;
	}
	if (greeting == GREETING_NOT_YET) {
		*why = "the guest has not run here yet";
		return false;
	}
	if (!bar_attach(why))
		return false;
	if (greeting == GREETING_SAID)
		return true;
	say_hello();
	greeting = GREETING_SAID;
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

/* The old kernel's module is gone; its hello in the region must not count. */
static void vm_reset(void *opaque)
{
	(void)opaque;
	bar_new_instance();
	if (!bar_is_attached() || !qemu.runstate_is_running())
		return;
	precopy_close(false);
	say_hello();
}

void greeting_init(void)
{
	qemu.qemu_add_vm_change_state_handler(vm_state_changed, NULL);
	qemu.qemu_register_reset(vm_reset, NULL);
}
