// SPDX-License-Identifier: GPL-2.0
/*
 * Publishes the host's hello: when the guest first runs here, each time it runs again, after a
 * reset, and when the shared memory is added later.
 */
#include "../core/bar.h"
#include "../core/first_sync.h"
#include "../core/guest_refusal.h"
#include "../core/main_loop_timer.h"
#include "../core/qemu_abi.h"
#include "../gate/bql_hold.h"
#include "../give-back/give_back_session.h"
#include "host_hello.h"
#include "pass.h"
#include "precopy.h"
#include "reporting.h"

/**
 * enum host_hello_state - state of the host's hello in the region
 * @HOST_HELLO_NOT_YET:   the guest has not run here. The region must not be touched: on a
 *                        destination the incoming migration fills it
 * @HOST_HELLO_DUE:       the guest has run; the hello must be published
 * @HOST_HELLO_PUBLISHED: the hello is published
 */
enum host_hello_state {
	HOST_HELLO_NOT_YET,
	HOST_HELLO_DUE,
	HOST_HELLO_PUBLISHED,
};

/* Guarded by the BQL. */
static enum host_hello_state hello;

/*
 * QEMU has started the guest and not stopped it since. It may sleep all the same (S3), also when
 * it arrives (9.0 and later), and QEMU does not report that it wakes up.
 */
static bool started;

/*
 * Interval of retries until an incoming postcopy is over, another guest has left the region, or
 * our guest wakes up.
 */
#define LATER_NS	(100 * QEMU_MS)

static struct qemu_ram_notifier memory;
static struct qemu_timer retry_timer;
/* It is in the log that another guest runs with the region. */
static bool shared_was_logged;
/* Another QEMU has used it since our last hello. */
static bool used_by_other;
/* A bottom half for new memory is scheduled; any thread. */
static bool bh_scheduled;

/*
 * The hello resets the host's lines, so publish again that reporting is on, and that memory is
 * asked for.
 */
static void publish_hello(void)
{
	give_back_suspend("the guest has not answered the hello yet; if this lasts, load "
			  "freehint.ko there");
	bar_publish_hello();
	reporting_withdraw();
}

/* Reporting may have been started in another region. It continues only if this one has room. */
static bool attach(const char **why)
{
	bool is_new = !bar_is_attached();

	if (!bar_attach(why))
		return false;
	if (is_new && reporting_is_on() && !bar_populate(why))
		reporting_stop();
	return true;
}

/*
 * The device was unplugged and its backend deleted. A new backend may use the old file, which
 * may hold a guest's hello to the old instance. So a new instance id is needed.
 */
static void release_region(void)
{
	precopy_close(false);
	give_back_suspend("the shared memory was removed; add its backend and device again");
	bar_detach();
	bar_new_instance();
	hello = HOST_HELLO_DUE;
}

/* Its memory is freed with our reference, under a lock that QEMU may hold. */
static bool release_if_possible(const char **why)
{
	if (first_sync_runs()) {
		*why = "the shared memory was removed, and it is let go after the first sync of this "
		       "migration";
		return false;
	}
	release_region();
	return true;
}

static bool retry_later(void)
{
	main_loop_timer_in(&retry_timer, LATER_NS);
	return false;
}

static void report_shared(void)
{
	if (!shared_was_logged)
		qemu.warn_report("freehint: memdev '%s': " GUEST_REFUSAL_SHARED, bar_memdev());
	shared_was_logged = true;
}

/*
 * Clears the hello, so that the other guest does not answer it. The next hello needs a new instance
 * id, because the other guest may have answered this one.
 */
static void leave_region(void)
{
	report_shared();
	precopy_close(false);
	give_back_suspend(GUEST_REFUSAL_SHARED);
	bar_clear_hello();
	bar_new_instance();
	used_by_other = true;
	hello = HOST_HELLO_DUE;
}

/* Return: false while another guest runs with this region. */
static bool claim(const char **why)
{
	if (bar_claim()) {
		shared_was_logged = false;
		return true;
	}
	leave_region();
	*why = GUEST_REFUSAL_SHARED;
	return retry_later();
}

/*
 * Another QEMU may have used the region since the last look, or while the guest was stopped. Or its
 * guest does not run yet, and it loads memory into the region. A guest that was stopped meanwhile
 * would take our old instance for one that it has answered, so a new one is needed.
 */
static void check_hello(void)
{
	if (bar_has_hello())
		return;
	if (hello == HOST_HELLO_PUBLISHED) {
		precopy_close(false);
		used_by_other = true;
	}
	bar_new_instance();
	hello = HOST_HELLO_DUE;
}

/* Return: false if no hello may be published now. */
static bool may_publish(const char **why)
{
	if (!started) {
		*why = "the guest is stopped; the hello follows when it runs";
		return false;
	}
	if (!claim(why))
		return false;
	if (!qemu.runstate_is_running()) {
		*why = "the guest sleeps; the hello follows when it wakes up";
		return retry_later();
	}
	check_hello();
	if (!used_by_other || !pass_now())
		return true;
	/* The other QEMU may still write into the bitmap. */
	*why = "another QEMU has used the shared memory during this migration; the next one "
	       "can have hints";
	return retry_later();
}

/*
 * While an incoming postcopy fills memory, the region must not be touched. QEMU does not
 * report when that is over, so a timer polls. A command may retry earlier.
 */
bool host_hello_publish(const char **why)
{
	if (hello == HOST_HELLO_NOT_YET) {
		*why = "the guest has not run here yet; this ends when it runs";
		return false;
	}
	if (qemu.migration_in_incoming_postcopy()) {
		*why = "the incoming migration has not completed; this ends with it";
		return retry_later();
	}
	if (bar_is_deleted() && !release_if_possible(why))
		return retry_later();
	if (!attach(why))
		return false;
	if (hello == HOST_HELLO_PUBLISHED && !qemu.runstate_is_running())
		return true;
	if (!may_publish(why))
		return false;
	if (hello == HOST_HELLO_PUBLISHED)
		return true;
	publish_hello();
	used_by_other = false;
	hello = HOST_HELLO_PUBLISHED;
	give_back_resume();
	return true;
}

static void publish_cb(void *opaque)
{
	struct bql_hold hold = bql_hold_begin();
	const char *why;

	(void)opaque;
	__atomic_store_n(&bh_scheduled, false, __ATOMIC_SEQ_CST);
	host_hello_publish(&why);
	bql_hold_end(hold);
}

/*
 * A backend was added while QEMU runs. Its object has its id already, but its memory is not
 * complete, so the main loop checks it after the command that adds it. A later command adds
 * the device; until then nobody reads the hello.
 */
static void memory_was_added(struct qemu_ram_notifier *notifier, void *host, size_t size,
			     size_t max)
{
	(void)notifier;
	(void)host;
	(void)size;
	(void)max;
	if (!__atomic_exchange_n(&bh_scheduled, true, __ATOMIC_SEQ_CST))
		qemu.aio_bh_schedule_oneshot_full(qemu.qemu_get_aio_context(), publish_cb,
						  NULL, "freehint-hello");
}

/*
 * The guest runs for the first time, or again. An incoming migration or a snapshot may have
 * loaded another host's hello into the region in between.
 */
static void vm_started(void)
{
	const char *why;

	started = true;
	hello = HOST_HELLO_DUE;
	host_hello_publish(&why);
}

static void vm_stopped(void)
{
	started = false;
	precopy_close(false);
	give_back_suspend("the guest does not run; it is asked again when it does");
	bar_unclaim();
}

static void vm_state_changed(void *opaque, bool running, int state)
{
	struct bql_hold hold = bql_hold_begin();

	(void)opaque;
	(void)state;
	if (running)
		vm_started();
	else
		vm_stopped();
	bql_hold_end(hold);
}

/*
 * The old kernel's module is gone, so its hello in the region must become stale. A guest that
 * is stopped, or has not run yet, gets the new hello when it runs.
 */
static void new_kernel(void)
{
	const char *why;

	give_back_suspend("the guest was reset; it is asked again when its module is loaded");
	bar_new_instance();
	precopy_close(false);
	if (!qemu.runstate_is_running()) {
		/* A reset ends the sleep without a notice: the guest is stopped now. */
		started = false;
		bar_unclaim();
		return;
	}
	if (hello == HOST_HELLO_NOT_YET)
		return;
	hello = HOST_HELLO_DUE;
	host_hello_publish(&why);
}

static void vm_reset(void *opaque)
{
	struct bql_hold hold = bql_hold_begin();

	(void)opaque;
	new_kernel();
	bql_hold_end(hold);
}

void host_hello_init(void)
{
	qemu.qemu_add_vm_change_state_handler(vm_state_changed, NULL);
	qemu.qemu_register_reset(vm_reset, NULL);
	main_loop_timer_init(&retry_timer, publish_cb);
	memory.added = memory_was_added;
	qemu.ram_block_notifier_add(&memory);
}
