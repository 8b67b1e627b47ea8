// SPDX-License-Identifier: GPL-2.0
/*
 * Derives what QEMU is doing from query-status and query-migrate.
 *
 * query-migrate does not report the direction. On a destination the run state is
 * "inmigrate" until all memory has arrived (precopy), or until the guest starts to run
 * while memory still arrives (postcopy); after that only the postcopy-* status shows it.
 * So a side that was once seen as incoming stays incoming until the status reports the
 * end, and an agent that connects in the middle of a postcopy waits.
 *
 * An unknown status counts as a running migration: waiting costs only time, but mapping
 * too early costs the guest.
 */
#include "migration_phase.h"

#include <string.h>

/* Classes of query-migrate's status. */
enum status_class {
	STATUS_NONE,
	STATUS_RUNNING,
	STATUS_POSTCOPY,
	STATUS_ENDED,
	STATUS_CLASSES,
};

const char *const migration_phase_names[PHASE_COUNT] = {
	[PHASE_UNKNOWN] = "unknown",
	[PHASE_INCOMING] = "incoming",
	[PHASE_IDLE] = "idle",
	[PHASE_PRECOPY] = "precopy",
	[PHASE_POSTCOPY] = "postcopy",
};

const char *const migration_outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_NONE] = "unknown",
	[OUTCOME_COMPLETED] = "completed",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_CANCELLED] = "cancelled",
};

/* The next phase, from the current one and the status; for run states but inmigrate. */
static const enum migration_phase transitions[PHASE_COUNT][STATUS_CLASSES] = {
	[PHASE_UNKNOWN] = {
		[STATUS_NONE] = PHASE_IDLE,
		[STATUS_RUNNING] = PHASE_PRECOPY,
		[STATUS_POSTCOPY] = PHASE_POSTCOPY,
		[STATUS_ENDED] = PHASE_IDLE,
	},
	[PHASE_INCOMING] = {
		[STATUS_NONE] = PHASE_IDLE,
		[STATUS_RUNNING] = PHASE_INCOMING,
		[STATUS_POSTCOPY] = PHASE_INCOMING,
		[STATUS_ENDED] = PHASE_IDLE,
	},
	[PHASE_IDLE] = {
		[STATUS_NONE] = PHASE_IDLE,
		[STATUS_RUNNING] = PHASE_PRECOPY,
		[STATUS_POSTCOPY] = PHASE_POSTCOPY,
		[STATUS_ENDED] = PHASE_IDLE,
	},
	[PHASE_PRECOPY] = {
		[STATUS_NONE] = PHASE_IDLE,
		[STATUS_RUNNING] = PHASE_PRECOPY,
		[STATUS_POSTCOPY] = PHASE_POSTCOPY,
		[STATUS_ENDED] = PHASE_IDLE,
	},
	[PHASE_POSTCOPY] = {
		[STATUS_NONE] = PHASE_IDLE,
		[STATUS_RUNNING] = PHASE_PRECOPY,
		[STATUS_POSTCOPY] = PHASE_POSTCOPY,
		[STATUS_ENDED] = PHASE_IDLE,
	},
};

enum migration_outcome migration_outcome_of(const char *status)
{
	enum migration_outcome outcome;

	for (outcome = OUTCOME_COMPLETED; outcome < OUTCOME_COUNT; outcome++)
		if (!strcmp(status, migration_outcome_names[outcome]))
			return outcome;
	return OUTCOME_NONE;
}

static enum status_class classify(const char *status)
{
	if (!*status || !strcmp(status, "none"))
		return STATUS_NONE;
	if (!strncmp(status, "postcopy-", strlen("postcopy-")))
		return STATUS_POSTCOPY;
	return migration_outcome_of(status) ? STATUS_ENDED : STATUS_RUNNING;
}

enum migration_phase migration_phase_next(enum migration_phase now, const char *runstate,
					  const char *status)
{
	if (!*runstate)
		return PHASE_UNKNOWN;
	if (!strcmp(runstate, "inmigrate"))
		return PHASE_INCOMING;
	return transitions[now][classify(status)];
}

bool migration_phase_may_map(enum migration_phase phase)
{
	return phase == PHASE_IDLE || phase == PHASE_PRECOPY;
}
