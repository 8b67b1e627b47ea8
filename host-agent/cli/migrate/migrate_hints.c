// SPDX-License-Identifier: GPL-2.0
/*
 * The hints of freehint migrate: what the guest needs before they can come, and what came.
 */
#include "migrate_hints.h"

#include <string.h>
#include <unistd.h>

#include "../qmp/unanswered_rounds.h"
#include "../terminal/complain.h"
#include "host-agent/common/json_natural.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"

/* Until it has seen the start of reporting, the guest polls ten times a second by default. */
#define NOTICE_MAX_US	10000000
#define NOTICE_PRINT_US	1000000

static void parse(struct migrate_hints *hints, const json_t *status)
{
	const json_t *counters = json_object_get(status, "counters");

	hints->bytes = json_number_value(json_object_get(counters, "bytes-skipped"));
	hints->migrations = json_number_value(json_object_get(counters, "migrations"));
	hints->commands = json_number_value(json_object_get(counters, "commands"));
}

void migrate_hints_look(struct migrate_hints *hints, struct qmp_call *call)
{
	json_t *status = qmp_call_again(call, FREEHINT_QMP_QUERY, NULL);

	memset(hints, 0, sizeof(*hints));
	parse(hints, status);
	json_decref(status);
}

/* Return: false, which was printed, if the guest is stopped. */
static bool runs(struct qmp_call *call)
{
	json_t *answer = qmp_call_again(call, "query-status", NULL);
	const char *status = json_string_value(json_object_get(answer, "status"));
	bool running = !status || !strcmp(status, "running");

	if (!running)
		complain("no hints while the guest does not run (%s): it cannot answer", status);
	json_decref(answer);
	return running;
}

/* The guest's poll period as the guest reports it; 0: unknown. */
static u64 guest_period_us(struct qmp_call *call)
{
	json_t *hints = qmp_call_again(call, FREEHINT_QMP_QUERY, NULL);
	u64 us = json_natural(json_object_get(hints, "guest"), "poll-us");

	json_decref(hints);
	return us;
}

void migrate_hints_wait(struct qmp_call *call)
{
	u64 us;

	if (!runs(call))
		return;
	us = guest_period_us(call);
	if (us < FREEHINT_POLL_IDLE_US)
		us = FREEHINT_POLL_IDLE_US;
	if (us > NOTICE_MAX_US)
		us = NOTICE_MAX_US;
	if (us > NOTICE_PRINT_US)
		complain("the guest polls only every %llu ms (poll_idle_ms), waiting for its next poll",
			 (unsigned long long)us / 1000);
	usleep((useconds_t)(us + us / 4));
}

double migrate_hints_end(const struct migrate_hints *before, struct qmp_call *call, u64 *rounds,
			 const char **why)
{
	json_t *status = qmp_call_again(call, FREEHINT_QMP_QUERY, NULL);
	struct migrate_hints now;

	parse(&now, status);
	/* Without a round of its own the last migration is another one. */
	*rounds = !before->unwanted && now.migrations > before->migrations ?
		  unanswered_rounds(status) : 0;
	*why = unanswered_why(now.commands > before->commands);
	json_decref(status);
	return now.bytes > before->bytes ? now.bytes - before->bytes : 0;
}
