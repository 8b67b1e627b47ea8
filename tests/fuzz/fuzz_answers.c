// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU says of itself, as any JSON: no member may do harm, and no sequence of
 * states may let the agent map the region of a guest that is still arriving.
 */
/* links: host-agent/common/freehint_status.c host-agent/agent/migration/migration_phase.c */
/* links: host-agent/common/give_back_status.c */
/* libs: jansson */
#include <jansson.h>

#include "fuzz.h"
#include "host-agent/common/freehint_status.h"
#include "host-agent/agent/migration/migration_phase.h"

static void check_text(const char *text)
{
	MUST(memchr(text, '\0', FREEHINT_STATUS_TEXT));
}

static void check_number(u64 number)
{
	MUST(number <= INT64_MAX);
}

static void check_give_back(const struct give_back_status *back)
{
	const u64 *number;

	MUST(back->mode < GIVE_BACK_MODES);
	MUST(back->known || (!back->mode && !back->asking && !back->bytes));
	MUST(memchr(back->paused, '\0', GIVE_BACK_TEXT));
	MUST(memchr(back->refused, '\0', GIVE_BACK_TEXT));
	MUST(memchr(back->guest, '\0', GIVE_BACK_TEXT));
	for (number = &back->order; number <= &back->guest_offers; number++)
		check_number(*number);
}

static void check_status(const json_t *reply)
{
	struct freehint_status *status = malloc(sizeof(*status));
	int ret;

	MUST(status);
	memset(status, 0xa5, sizeof(*status));
	ret = freehint_status_parse(status, reply);
	MUST(!ret == json_is_object(reply));
	if (ret) {
		/* It stays as it was. */
		MUST(status->instance == 0xa5a5a5a5a5a5a5a5ULL);
		free(status);
		return;
	}
	MUST(status->state <= FREEHINT_STATE_ROUND);
	check_text(status->refused);
	check_give_back(&status->give_back);
	check_number(status->instance);
	check_number(status->region_size);
	check_number(status->rounds);
	check_number(status->pages_accepted);
	check_number(status->pages_late);
	check_number(status->commands_refused);
	check_number(status->bytes_skipped);
	check_number(status->first_apply_us);
	check_number(status->waited_us);
	free(status);
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_over(const char *status)
{
	return !*status || !strcmp(status, "none") || !strcmp(status, "completed") ||
	       !strcmp(status, "failed") || !strcmp(status, "cancelled");
}

/* The rule in other words than the table that is tested. */
static void check_step(enum migration_phase before, enum migration_phase after,
		       const char *runstate, const char *status)
{
	bool may = migration_phase_may_map(after);

	MUST(after < PHASE_COUNT);
	MUST(migration_outcome_of(status) < OUTCOME_COUNT);
	if (!*runstate || !strcmp(runstate, "inmigrate"))
		MUST(!may);
	if (!strncmp(status, "postcopy-", strlen("postcopy-")))
		MUST(!may);
	if (before == PHASE_INCOMING && !is_over(status))
		MUST(!may && (after == PHASE_INCOMING || !*runstate));
	if (after == PHASE_IDLE)
		MUST(is_over(status));
}

/* A list of {"run": ..., "mig": ...}, one after the other on one connection. */
static void check_phases(const json_t *steps)
{
	enum migration_phase before, phase = PHASE_UNKNOWN;
	const char *runstate, *status;
	const json_t *step;
	size_t i;

	json_array_foreach(steps, i, step) {
		runstate = string_of(step, "run");
		status = string_of(step, "mig");
		before = phase;
		phase = migration_phase_next(before, runstate, status);
		check_step(before, phase, runstate, status);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	json_error_t error;
	json_t *json = json_loadb((const char *)data, size, 0, &error);

	/* As if the parser had let something else through. */
	check_status(NULL);
	if (!json)
		return 0;
	check_status(json);
	check_phases(json_is_object(json) ? json_object_get(json, "steps") : json);
	json_decref(json);
	return 0;
}
