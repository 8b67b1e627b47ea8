// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the user how a migration ended, or what is known of it when the watch ends first.
 */
#include "migrate_report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../qmp/complain_news.h"
#include "../terminal/complain.h"
#include "host-agent/common/standard_streams.h"

/* QEMU resumes the guest a moment after it reports that the migration failed. */
#define RESUME_POLL_US	100000
#define RESUME_POLLS	30

void migrate_report_summary(const struct migrate_watch *watch, double kept)
{
	const json_t *last = watch->last, *ram = json_object_get(last, "ram");
	const char *why = json_string_value(json_object_get(last, "error-desc"));

	printf("%s%s%s", watch->state->name, why ? ": " : "", why ? why : "");
	if (ram)
		printf(", %.2f s, downtime %.0f ms, %.0f passes, %.1f MB sent, %.1f MB kept off "
		       "the wire", json_number_value(json_object_get(last, "total-time")) / 1e3,
		       json_number_value(json_object_get(last, "downtime")),
		       json_number_value(json_object_get(ram, "dirty-sync-count")),
		       json_number_value(json_object_get(ram, "transferred")) / 1e6,
		       kept / 1e6);
	putchar('\n');
	streams_flush();
}

/**
 * enum guest - what QEMU says of the guest after the migration has ended
 * @GUEST_UNKNOWN: nothing, it does not answer
 * @GUEST_STOPPED: the migration has stopped it, and QEMU does not resume it
 * @GUEST_RUNS_OR_PAUSED: it runs, or somebody else has paused it
 */
enum guest {
	GUEST_UNKNOWN,
	GUEST_STOPPED,
	GUEST_RUNS_OR_PAUSED,
};

/* Has the migration stopped the guest, without QEMU resuming it? */
static enum guest look_at_guest(struct qmp_call *call)
{
	enum guest guest;
	const char *status;
	json_t *answer;
	bool handing;
	int i = 0;

	do {
		answer = qmp_call_again(call, "query-status", NULL);
		status = json_string_value(json_object_get(answer, "status"));
		handing = status && !strcmp(status, "finish-migrate");
		guest = !status ? GUEST_UNKNOWN :
			handing || !strcmp(status, "postmigrate") ? GUEST_STOPPED :
			GUEST_RUNS_OR_PAUSED;
		json_decref(answer);
	} while (handing && ++i < RESUME_POLLS && !usleep(RESUME_POLL_US));
	return guest;
}

void migrate_report_stopped_guest(const struct migrate_watch *watch)
{
	enum guest guest = look_at_guest(watch->call);

	if (guest == GUEST_RUNS_OR_PAUSED)
		return;
	if (guest == GUEST_UNKNOWN)
		complain("it is unknown whether the guest runs here, query-status shows it");
	else if (watch->ran_on_destination)
		complain("the guest is stopped here, and ran on the destination; do not run "
			 "cont here while it runs there: cont discards what it did there");
	else
		complain("the guest is stopped here; run cont to continue it, unless it runs "
			 "on the destination");
}

/* For a user who wanted the end of the migration. Elsewhere the command may lose the guest. */
static const char *how_to_cancel(const struct migration_state *state)
{
	if (state && state->stage != STAGE_SOURCE && state->stage != STAGE_PRECOPY)
		return "";
	return ", migrate_cancel ends it while the guest is here";
}

static void report_silence(const struct migrate_watch *watch)
{
	const struct migration_state *state = watch->state;

	complain_news(watch->call, "", "");
	if (!state)
		complain("the migration may have begun, and may continue without this tool; query-migrate shows its state%s",
			 how_to_cancel(state));
	else if (state->stage == STAGE_ENDING)
		complain("the migration was %s when QEMU last answered, so the settings are not restored; query-migrate shows its state",
			 state->name);
	else
		complain("the migration, %s when QEMU last answered, may continue without this tool; query-migrate shows its state%s",
			 state->name, how_to_cancel(state));
}

void migrate_report_detached(const struct migrate_watch *watch)
{
	if (watch->call->broken)
		report_silence(watch);
	else
		complain("the migration continues without this tool, %s; query-migrate shows its state%s",
			 watch->state->name, how_to_cancel(watch->state));
}

/* A QEMU that has exited may have completed it first, and has no settings any more. */
void migrate_report_lost(const struct migrate_watch *watch)
{
	const struct migration_state *state = watch->state;

	complain_news(watch->call, "", "");
	complain("a migration may be running%s%s; query-migrate shows its state, or if QEMU has "
		 "exited, look for the guest on the destination",
		 state ? ", when QEMU last answered it was " : "", state ? state->name : "");
}

/* Its settings are its own: what was changed has ended with the QEMU that had it. */
void migrate_report_replaced(void)
{
	complain("QEMU was restarted meanwhile and has not begun a migration; how the "
		 "migration ended is unknown, look for the guest on the destination");
}
