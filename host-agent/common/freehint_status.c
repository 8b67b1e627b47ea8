// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the reply to x-query-freehint into a struct.
 */
#include "freehint_status.h"

#include <stdio.h>
#include <string.h>

#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_names.h"
#include "json_natural.h"

static void text(char *to, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(to, FREEHINT_STATUS_TEXT, "%s", value ? value : "");
}

static enum freehint_state state(const json_t *reply)
{
	const char *name = json_string_value(json_object_get(reply, "state"));

	if (name && !strcmp(name, freehint_phase_name(FREEHINT_PHASE_READY)))
		return FREEHINT_STATE_READY;
	if (name && !strcmp(name, freehint_phase_name(FREEHINT_PHASE_ROUND)))
		return FREEHINT_STATE_ROUND;
	return FREEHINT_STATE_OFF;
}

bool freehint_status_lacks_module(const struct freehint_status *status)
{
	static const char begin[] = FREEHINT_REFUSED_NO_MODULE;

	return !strncmp(status->refused, begin, sizeof(begin) - 1);
}

int freehint_status_parse(struct freehint_status *status, const json_t *reply)
{
	const json_t *counters = json_object_get(reply, "counters");
	const json_t *first = json_object_get(reply, "first-round");
	const json_t *guest = json_object_get(reply, "guest");

	if (!json_is_object(reply))
		return -EPROTO;
	memset(status, 0, sizeof(*status));
	status->instance = json_natural(reply, "instance");
	status->state = state(reply);
	text(status->refused, reply, "refused");
	status->region_size = json_natural(json_object_get(reply, "region"), "size");
	status->guest_present = json_is_true(json_object_get(guest, "present"));
	status->guest_end = json_natural(guest, "end-pfn");
	give_back_status_parse(&status->give_back, reply);
	status->rounds = json_natural(counters, "rounds");
	status->pages_accepted = json_natural(counters, "pages-accepted");
	status->pages_late = json_natural(counters, "pages-late");
	status->commands_refused = json_natural(counters, "commands-refused");
	status->bytes_skipped = json_natural(counters, "bytes-skipped");
	status->migrations = json_natural(counters, "migrations");
	status->rounds_sealed = json_natural(counters, "rounds-sealed");
	status->rounds_refused = json_natural(counters, "rounds-refused");
	status->pages_cleared = json_natural(counters, "pages-cleared");
	status->arm_us = json_natural(counters, "arm-us");
	status->bql_total_us = json_natural(counters, "bql-total-us");
	status->bql_max_us = json_natural(counters, "bql-max-us");
	status->first_apply_us = json_natural(first, "sync-to-first-apply-us");
	status->waited_us = json_natural(first, "waited-us");
	return 0;
}
