// SPDX-License-Identifier: GPL-2.0
/*
 * The reply to x-query-freehint as a struct.
 */
#include "freehint_status.h"

#include <stdio.h>
#include <string.h>

static u64 number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (u64)value : 0;
}

static void text(char *to, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(to, FREEHINT_STATUS_TEXT, "%s", value ? value : "");
}

static enum freehint_state state(const json_t *reply)
{
	const char *name = json_string_value(json_object_get(reply, "state"));

	if (name && !strcmp(name, "ready"))
		return FREEHINT_STATE_READY;
	if (name && !strcmp(name, "round"))
		return FREEHINT_STATE_ROUND;
	return FREEHINT_STATE_OFF;
}

int freehint_status_parse(struct freehint_status *status, const json_t *reply)
{
	const json_t *counters = json_object_get(reply, "counters");
	const json_t *first = json_object_get(reply, "first-round");
	const json_t *guest = json_object_get(reply, "guest");

	memset(status, 0, sizeof(*status));
	if (!json_is_object(reply))
		return -EPROTO;
	status->instance = number(reply, "instance");
	status->state = state(reply);
	text(status->refused, reply, "refused");
	status->region_size = number(json_object_get(reply, "region"), "size");
	status->guest_present = json_is_true(json_object_get(guest, "present"));
	text(status->contract, guest, "contract");
	status->rounds = number(counters, "rounds");
	status->pages_offered = number(counters, "pages-offered");
	status->pages_accepted = number(counters, "pages-accepted");
	status->pages_late = number(counters, "pages-late");
	status->commands_refused = number(counters, "commands-refused");
	status->bytes_skipped = number(counters, "bytes-skipped");
	status->migrations = number(counters, "migrations");
	status->rounds_sealed = number(counters, "rounds-sealed");
	status->rounds_refused = number(counters, "rounds-refused");
	status->pages_cleared = number(counters, "pages-cleared");
	status->arm_us = number(counters, "arm-us");
	status->bql_total_us = number(counters, "bql-total-us");
	status->bql_max_us = number(counters, "bql-max-us");
	status->first_apply_us = number(first, "sync-to-first-apply-us");
	status->waited_us = number(first, "waited-us");
	return 0;
}
