// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the member "give-back" of the reply to x-query-freehint.
 */
#include "give_back_status.h"

#include <stdio.h>
#include <string.h>

#include "json_natural.h"

const char *const give_back_mode_names[GIVE_BACK_MODES] = {
	[GIVE_BACK_OFF] = "off",
	[GIVE_BACK_ONCE] = "once",
	[GIVE_BACK_ALWAYS] = "always",
};

static void text(char *to, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(to, GIVE_BACK_TEXT, "%s", value ? value : "");
}

static enum give_back_mode parse_mode(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "mode"));
	enum give_back_mode mode;

	for (mode = 0; name && mode < GIVE_BACK_MODES; mode++)
		if (!strcmp(name, give_back_mode_names[mode]))
			return mode;
	return GIVE_BACK_OFF;
}

static void parse_state(struct give_back_status *status, const json_t *object)
{
	status->known = json_is_object(object);
	status->mode = parse_mode(object);
	status->asking = json_is_true(json_object_get(object, "asking"));
	status->drained = json_is_true(json_object_get(object, "drained"));
	text(status->paused, object, "paused");
	text(status->refused, object, "refused");
	status->order = json_natural(object, "order");
	status->leave_mib = json_natural(object, "leave");
	status->elapsed_us = json_natural(object, "elapsed-us");
}

static void parse_counters(struct give_back_status *status, const json_t *object)
{
	status->bytes = json_natural(object, "bytes");
	status->offers = json_natural(object, "offers");
	status->offers_done = json_natural(object, "offers-done");
	status->offers_declined = json_natural(object, "offers-declined");
	status->offers_stale = json_natural(object, "offers-stale");
	status->discard_us = json_natural(object, "discard-us");
	status->hold_max_us = json_natural(object, "hold-max-us");
	status->hold_cpu_max_us = json_natural(object, "hold-cpu-max-us");
	status->resident = json_natural(object, "resident");
	status->guest_offers = json_natural(object, "guest-offers");
}

void give_back_status_parse(struct give_back_status *status, const json_t *reply)
{
	const json_t *object = json_object_get(reply, "give-back");

	memset(status, 0, sizeof(*status));
	parse_state(status, object);
	parse_counters(status, object);
	text(status->guest, json_object_get(reply, "guest"), "give-back");
}
