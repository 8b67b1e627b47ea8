// SPDX-License-Identifier: GPL-2.0
/*
 * Whether reporting is on: whether QEMU's migrations ask the guest for hints.
 *
 * A command switches it, or the migration itself (autostart.c). precopy.c opens the rounds.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../gate/round_gate.h"
#include "autostart.h"
#include "pass.h"
#include "refusal.h"
#include "reporting.h"
#include "stop_hold.h"

/*
 * Guarded by the BQL.
 *
 * @own: the precopy notifier. @nothing_migrates: no memory that could be hinted migrates.
 */
static struct {
	const struct qemu_notifier *own;
	bool on, nothing_migrates;
} reporting;

void reporting_init(const struct qemu_notifier *own, bool (*start)(const char **why))
{
	reporting.own = own;
	autostart_init(start);
}

static const char *refusal(u32 pass)
{
	if (!qemu_notifier_is_last(reporting.own))
		return "a device that was created before freehint was loaded also has a precopy "
		       "notifier; load freehint when QEMU starts";
	return refusal_in_pass(pass);
}

const char *reporting_refusal(void)
{
	const char *why;

	if (reporting.nothing_migrates)
		return "no memory of the guest migrates; for hints clear x-ignore-shared";
	why = refusal(pass_now());
	return why || reporting.on ? why : autostart_failure();
}

void reporting_withdraw(void)
{
	if (bar_is_attached() && reporting.on)
		bar_request(FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, pass_now());
}

bool reporting_start(const char **why)
{
	*why = refusal(0);
	if (*why)
		return false;
	/* Make the guest poll fast: after a long time without change it polls slowly. */
	bar_kick();
	if (!reporting.on && !bar_populate(why))
		return false;
	/* A command's outlives the migration; autostart_begin() claims its own afterwards. */
	autostart_forget();
	if (reporting.on)
		return true;
	reporting.on = true;
	/* If a pass is in progress, the next sync opens the first round. */
	reporting_withdraw();
	return true;
}

void reporting_stop(void)
{
	stop_hold_end();
	gate_close(false);
	reporting_withdraw();
	reporting.on = false;
	autostart_forget();
	if (bar_is_attached())
		bar_request(FREEHINT_NO_ROUND, FREEHINT_PHASE_OFF, 0);
}

bool reporting_is_on(void)
{
	return reporting.on;
}

/* A lasting reason is in x-query-freehint anyway. Keep only one that it would not show. */
void reporting_begin_migration(void)
{
	const char *why = reporting.on ? NULL : autostart_begin();

	if (why && !reporting_refusal())
		autostart_failed(why);
}

void reporting_note_memory(bool migrates)
{
	reporting.nothing_migrates = !migrates;
}

void reporting_end_migration(void)
{
	reporting.nothing_migrates = false;
	if (autostart_is_on())
		reporting_stop();
}
