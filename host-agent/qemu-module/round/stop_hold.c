// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps QEMU from stopping the guest while the first pass is still to be sent.
 *
 * QEMU stops the guest as soon as less remains than its threshold, bandwidth x downtime-limit.
 * It does not ask whether the first pass is over, and hints make what remains small at once.
 * Without a hold, up to downtime-limit of first-pass data is sent in blackout, which without hints
 * would be sent live.
 *
 * So downtime-limit is 1 ms in the first pass, while what the hints have saved is more than the
 * stop may take. Between two syncs what remains only shrinks, and QEMU syncs when it is below the
 * threshold: the pass ends, and the hold with it.
 *
 * Invariants: the administrator's limit is back before every sync, of any thread, and when the
 * migration ends in any way. So nothing is held where the limit cannot be read, or does not read
 * as it was set. A limit that somebody sets during a hold is the administrator's from then on. The
 * hold is released when QEMU sends nothing more, or when the stop may take more than the hints
 * have saved: the migration would end later for it. It is set again when that is over.
 *
 * Why not a savevm handler that adds to what is pending: docs/extension.md.
 */
#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/shm_layout.h"
#include "../../../include/freehint/types.h"
#include "../core/main_loop_timer.h"
#include "../core/qemu_abi.h"
#include "../gate/bql_hold.h"
#include "../gate/round_gate.h"
#include "stop_hold.h"
#include "stop_threshold.h"

#define TICK_NS		(100LL * 1000 * 1000)

/* So many ticks without a page sent: QEMU waits for something else, or the link is dead. */
#define TICKS_STILL	20

/*
 * Guarded by the BQL.
 *
 * @impossible: QEMU does not show what was set. @watching: the first pass is sent. @found_ms: the
 * administrator's limit, 0 if no stop is held. @saved: bytes that hints have taken away so far.
 * @remaining: bytes to be sent at the last tick. @still: ticks for which it has not shrunk.
 * @sends: RAM still drains (seen within 2 s), and the guest has not been handed over.
 */
static struct {
	struct qemu_timer timer;
	QDict *arguments;
	bool impossible;
	bool watching;
	u64 found_ms;
	u64 saved;
	u64 remaining;
	unsigned int still;
	bool sends;
} hold;

/* The command migrate-set-parameters. */
static bool set_downtime_limit(u64 ms)
{
	QObject *nothing = NULL;
	Error *err = NULL;

	if (!hold.arguments)
		hold.arguments = qemu.qdict_new();
	qemu.qdict_put_int(hold.arguments, "downtime-limit", (int64_t)ms);
	qemu.qmp_marshal_migrate_set_parameters(hold.arguments, &nothing, &err);
	if (err)
		qemu.error_free(err);
	return !err;
}

static void put_back(u64 ms)
{
	if (!set_downtime_limit(ms))
		qemu.warn_report("freehint: downtime-limit stays %u ms, it was %llu; set it with "
				 "migrate-set-parameters", FREEHINT_STOP_HOLD_MS,
				 (unsigned long long)ms);
}

/* Return: false if the limit was not set, or QEMU does not show that it was. */
static bool set_hold(u64 found)
{
	if (!set_downtime_limit(FREEHINT_STOP_HOLD_MS))
		return false;
	if (downtime_limit_ms(0) == FREEHINT_STOP_HOLD_MS)
		return true;
	put_back(found);
	hold.impossible = true;
	qemu.warn_report("freehint: x-downtime-limit does not follow downtime-limit, which is %llu ms "
			 "now; stops are not held any more", (unsigned long long)found);
	return false;
}

static void start_timer(void)
{
	main_loop_timer_in(&hold.timer, TICK_NS);
}

/*
 * What a round has saved stays saved when it ends early: the guest reboots, or its device decodes
 * no memory. When it has ended and the guest does not run, a switch to postcopy may have handed
 * the guest over to the destination.
 */
static void look_at_pass(void)
{
	u64 remaining = qemu.ram_bytes_remaining();
	struct gate_view view;

	gate_view(&view);
	hold.saved = view.now.cleared << FREEHINT_PAGE_SHIFT;
	hold.still = remaining < hold.remaining ? 0 : hold.still + 1;
	hold.remaining = remaining;
	hold.sends = hold.still < TICKS_STILL &&
		     (view.state == GATE_OPEN || qemu.runstate_is_running());
}

static bool pays(u64 limit_ms)
{
	return hold.sends && hold.saved && hold.saved >= stop_threshold(limit_ms);
}

/* The administrator's limit. If somebody has set another one, nothing is held at the moment. */
static u64 wanted_limit(void)
{
	u64 now = downtime_limit_ms(0);

	if (hold.found_ms && now == FREEHINT_STOP_HOLD_MS)
		return hold.found_ms;
	hold.found_ms = 0;
	return now;
}

/* Return: false if no stop can be held in this pass. */
static bool hold_or_release(void)
{
	u64 limit = wanted_limit();

	if (hold.impossible || limit <= FREEHINT_STOP_HOLD_MS)
		return false;
	if (pays(limit)) {
		if (!hold.found_ms && !set_hold(limit))
			return false;
		hold.found_ms = limit;
	} else if (hold.found_ms) {
		put_back(limit);
		hold.found_ms = 0;
	}
	return true;
}

static void tick(void)
{
	look_at_pass();
	if (hold_or_release())
		start_timer();
	else
		stop_hold_end();
}

static void tick_cb(void *opaque)
{
	struct bql_hold bql = bql_hold_begin();

	(void)opaque;
	if (hold.watching)
		tick();
	bql_hold_end(bql);
}

void stop_hold_init(void)
{
	hold.impossible = false;
	main_loop_timer_init(&hold.timer, tick_cb);
}

void stop_hold_begin(void)
{
	if (hold.watching || qemu.migrate_dirty_bitmaps())
		return;
	hold.remaining = UINT64_MAX;
	hold.still = 0;
	look_at_pass();
	if (!hold_or_release())
		return;
	hold.watching = true;
	start_timer();
}

void stop_hold_end(void)
{
	u64 found = hold.found_ms;

	hold.watching = false;
	hold.found_ms = 0;
	if (found && downtime_limit_ms(0) == FREEHINT_STOP_HOLD_MS)
		put_back(found);
}
