// SPDX-License-Identifier: GPL-2.0
/*
 * Watches a migration to its end, and cancels it on Ctrl-C where that harms no guest.
 *
 * QEMU accepts migrate_cancel in states where it loses a guest or starts it twice
 * (migration_state.c). So this file decides: it checks the state, then the run state, and
 * then sends the command. QEMU can start to hand over the guest, or 7.2 can switch to
 * postcopy, between the last two steps: no command checks and cancels in one step. To
 * break the connection instead (yank) lost the guest, too, when the break came while the
 * destination was loading the guest's state.
 */
#include "migrate_watch.h"

#include <string.h>
#include <unistd.h>

#include "../terminal/complain.h"
#include "../terminal/interrupts.h"
#include "../terminal/progress.h"
#include "host-agent/common/clock.h"
#include "include/freehint/qmp_names.h"

#define PERIOD_US	100000

/* How often to query a completed migration that has no times yet. */
#define EARLY_MAX	10

/* How long answers that cannot be read are borne: some have a number that is none for a moment. */
#define UNREADABLE_US	5000000ULL

/* A state that needs an action of the user is reported after this time. */
#define STUCK_US	5000000ULL

static void update_state(struct migrate_watch *watch)
{
	const char *status = json_string_value(json_object_get(watch->last, "status"));
	const struct migration_state *state = migration_state_find(status);

	if (state == watch->state)
		return;
	watch->state = state;
	watch->since_us = clock_us();
	watch->hint_printed = false;
	if (state->stage == STAGE_DESTINATION)
		watch->ran_on_destination = true;
}

static bool query_state(struct migrate_watch *watch)
{
	json_t *now = qmp_call_again(watch->call, "query-migrate", NULL);

	if (!now)
		return false;
	json_decref(watch->last);
	watch->last = now;
	watch->unreadable_us = 0;
	update_state(watch);
	return true;
}

/* QEMU is there, and the migration runs: only this answer could not be read. */
static bool may_be_readable_soon(struct migrate_watch *watch)
{
	if (!watch->call->garbled || interrupts_again())
		return false;
	if (!watch->unreadable_us)
		watch->unreadable_us = clock_us();
	return clock_us() - watch->unreadable_us < UNREADABLE_US;
}

/* QEMU reports "completed" a moment before it reports the total time. */
static bool is_early(struct migrate_watch *watch)
{
	return !strcmp(watch->state->name, "completed") && watch->early++ < EARLY_MAX &&
	       !json_integer_value(json_object_get(watch->last, "total-time"));
}

/* QEMU 7.2 also hands over the guest in "active"; the guest is stopped then. */
static bool is_stopped_for_handover(struct qmp_call *call)
{
	json_t *answer = qmp_call(call, "query-status", NULL);
	const char *status = json_string_value(json_object_get(answer, "status"));
	bool stopped = !status || !strcmp(status, "finish-migrate") ||
		       !strcmp(status, "postmigrate");

	json_decref(answer);
	return stopped;
}

static bool may_cancel(struct migrate_watch *watch)
{
	return watch->state->stage == STAGE_SOURCE ||
	       (watch->state->stage == STAGE_PRECOPY && !is_stopped_for_handover(watch->call));
}

static const char *reason_not_to_cancel(enum migration_stage stage)
{
	switch (stage) {
	case STAGE_DESTINATION:
		return "the guest runs on the destination and needs the pages that are still "
		       "here";
	case STAGE_BOTH:
		return "with COLO the guest runs on both sides; run x-colo-lost-heartbeat on "
		       "the side that is to continue";
	case STAGE_UNKNOWN:
		return "this tool does not know the state, the guest may run on the "
		       "destination";
	default:
		return "the guest is being handed over, the destination may run it already";
	}
}

/* Without an answer the next query of the state shows whether QEMU took the command. */
static void cancel(struct migrate_watch *watch)
{
	bool done = qmp_call_ok(watch->call, "migrate_cancel", NULL);

	watch->cancel_wanted = watch->call->broken;
	if (!done && !watch->cancel_wanted)
		complain("not cancelled: %s; Ctrl-C again ends this tool, and the "
			 "migration continues", watch->call->error);
}

static void try_to_cancel(struct migrate_watch *watch)
{
	if (watch->state->stage == STAGE_ENDING) {
		watch->cancel_wanted = false;
	} else if (may_cancel(watch)) {
		cancel(watch);
	} else if (!watch->explained && !watch->call->broken) {
		watch->explained = true;
		complain("not cancelled: %s; Ctrl-C again ends this tool, and the migration "
			 "continues", reason_not_to_cancel(watch->state->stage));
	}
}

/*
 * While an answer is late the second interrupt may come before the first was handled. The user
 * wants the end of the migration first, and of the tool only if that takes too long.
 * Return: false when the user does not want to watch any longer.
 */
static bool handle_interrupts(struct migrate_watch *watch)
{
	if (interrupts_any() && !watch->handled) {
		interrupts_forget_second();
		watch->handled = true;
		watch->cancel_wanted = true;
	}
	if (interrupts_again())
		return false;
	if (watch->cancel_wanted)
		try_to_cancel(watch);
	return true;
}

static void print_what_is_awaited(struct migrate_watch *watch)
{
	const char *status = json_string_value(json_object_get(watch->last, "status"));

	if (watch->hint_printed || !watch->state->waits || clock_us() - watch->since_us < STUCK_US)
		return;
	watch->hint_printed = true;
	complain("%s: %s", status ? status : "none", watch->state->waits);
}

static void show(struct migrate_watch *watch)
{
	json_t *hints = qmp_call(watch->call, FREEHINT_QMP_QUERY, NULL);

	progress_show(watch->last, hints, watch->before);
	json_decref(hints);
}

enum watch_end migrate_watch(struct migrate_watch *watch)
{
	for (;; usleep(PERIOD_US)) {
		if (!query_state(watch)) {
			if (may_be_readable_soon(watch))
				continue;
			return watch->call->broken && interrupts_again() ? WATCH_DETACHED :
			       WATCH_LOST;
		}
		/* QEMU leaves this state before it answers "migrate", and never returns to it. */
		if (watch->state->stage == STAGE_NONE)
			return WATCH_REPLACED;
		if (watch->state->stage == STAGE_ENDED && !is_early(watch))
			return WATCH_ENDED;
		if (!handle_interrupts(watch))
			return WATCH_DETACHED;
		print_what_is_awaited(watch);
		if (!watch->quiet)
			show(watch);
	}
}
