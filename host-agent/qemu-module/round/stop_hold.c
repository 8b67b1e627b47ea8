// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps QEMU from stopping the guest while the first pass is still to be sent.
 *
 * QEMU stops the guest as soon as less remains than its threshold, bandwidth x downtime-limit.
 * It does not ask whether the first pass is over. Hints make what remains small at once, so
 * up to downtime-limit of sending would be left for the stop, which a migration without hints sends
 * with the guest running.
 *
 * So downtime-limit is 1 ms until the next sync. Between two syncs what remains only shrinks,
 * and QEMU syncs when it is below the threshold: the pass ends, and the hold with it.
 *
 * Invariant: the administrator's limit is back before anything decides by it: before every
 * sync, of any thread, when the guest has been stopped, and when the migration ends in any way.
 *
 * Why not a savevm handler that adds to what is pending: docs/extension.md.
 */
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "stop_hold.h"
#include "stop_threshold.h"

/* Guarded by the BQL. @found_ms: the administrator's limit, 0 if no stop is held. */
static struct {
	QDict *arguments;
	u64 found_ms;
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

static bool hints_came(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.state == GATE_OPEN && view.now.cleared;
}

void stop_hold_begin(void)
{
	u64 limit = stop_downtime_us() / 1000;

	if (hold.found_ms || limit <= STOP_HOLD_MS || qemu.migrate_postcopy_ram() || !hints_came())
		return;
	if (set_downtime_limit(STOP_HOLD_MS))
		hold.found_ms = limit;
}

void stop_hold_end(void)
{
	u64 found = hold.found_ms;

	hold.found_ms = 0;
	if (found && stop_downtime_us() == STOP_HOLD_MS * 1000)
		set_downtime_limit(found);
}
