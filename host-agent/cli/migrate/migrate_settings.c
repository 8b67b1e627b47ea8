// SPDX-License-Identifier: GPL-2.0
/*
 * Changes settings of QEMU for freehint migrate, and restores them when the guest stays.
 */
#include "migrate_settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../qmp/complain_news.h"
#include "../terminal/complain.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"

#define SET	"migrate-set-parameters"
#define QUERY	"query-migrate-parameters"
#define LIMIT	"downtime-limit"

/* How long the extension is given to put a limit back: QEMU calls it soon after "failed". */
#define HELD_TRIES	10
#define HELD_US		20000

/* Read the parameters that are named in @keys. Return: NULL when QEMU reports none. */
static json_t *read_once(struct qmp_call *call, json_t *keys)
{
	json_t *all = qmp_call_again(call, QUERY, NULL), *some, *value;
	const char *key;

	if (!all)
		return NULL;
	some = json_object();
	json_object_foreach(keys, key, value)
		if (json_object_get(all, key))
			json_object_set(some, key, json_object_get(all, key));
	json_decref(all);
	return some;
}

static bool is_held(const json_t *parameters)
{
	return json_integer_value(json_object_get(parameters, LIMIT)) == FREEHINT_STOP_HOLD_MS;
}

/*
 * The same, but not the limit by which the extension holds a stop, unless @keys has it: the
 * migration is over, so the hold is about to end.
 */
static json_t *read_parameters(struct qmp_call *call, json_t *keys)
{
	json_t *some = read_once(call, keys);
	int i;

	for (i = 0; i < HELD_TRIES && some && is_held(some) && !is_held(keys); i++) {
		json_decref(some);
		usleep(HELD_US);
		some = read_once(call, keys);
	}
	return some;
}

void migrate_settings_free(struct migrate_settings *settings)
{
	json_decref(settings->found);
	json_decref(settings->ours);
	settings->found = NULL;
	settings->ours = NULL;
}

int migrate_settings_limit(struct migrate_settings *settings, struct qmp_call *call,
			   json_t *limits)
{
	json_t *rounded;

	settings->found = read_parameters(call, limits);
	if (!settings->found) {
		json_decref(limits);
		return -EIO;
	}
	/* If the answer is lost, QEMU may have set them. */
	settings->ours = limits;
	if (!qmp_call_again_ok(call, SET, json_incref(limits))) {
		settings->unsure |= call->broken;
		if (!call->broken)
			migrate_settings_free(settings);
		return -EIO;
	}
	/* Read them back, because QEMU may round. */
	rounded = read_parameters(call, limits);
	if (rounded) {
		settings->ours = rounded;
		json_decref(limits);
	}
	return 0;
}

int migrate_settings_start_reporting(struct migrate_settings *settings, struct qmp_call *call)
{
	json_t *status = qmp_call_again(call, FREEHINT_QMP_QUERY, NULL);
	const char *state = json_string_value(json_object_get(status, "state"));
	bool off = state && !strcmp(state, "off");
	bool started = qmp_call_again_ok(call, FREEHINT_QMP_START, NULL);

	settings->unknown = started && !status;
	json_decref(status);
	settings->reporting = settings->unknown || (off && (started || call->broken));
	settings->unsure |= !started && call->broken;
	return started ? 0 : -EIO;
}

/* Select the old values of those parameters that still have the value that we set. */
static json_t *select_parameters(const struct migrate_settings *settings,
				 struct qmp_call *call)
{
	json_t *now = read_parameters(call, settings->ours), *back, *value;
	const char *key;

	if (!now)
		return NULL;
	back = json_object();
	json_object_foreach(settings->found, key, value) {
		if (json_equal(json_object_get(now, key), json_object_get(settings->ours, key)))
			json_object_set(back, key, value);
		else if (!json_equal(json_object_get(now, key), value))
			complain("another client has changed %s meanwhile, it is not restored",
				 key);
	}
	json_decref(now);
	return back;
}

static int restore_limits(struct migrate_settings *settings, struct qmp_call *call)
{
	json_t *back = select_parameters(settings, call);

	if (!back)
		return -EIO;
	if (json_object_size(back))
		return qmp_call_again_ok(call, SET, back) ? 0 : -EIO;
	json_decref(back);
	return 0;
}

void migrate_settings_restore(struct migrate_settings *settings, struct qmp_call *call)
{
	if (settings->reporting && !qmp_call_again_ok(call, FREEHINT_QMP_STOP, NULL))
		complain_news(call, "reporting is not stopped (run " FREEHINT_QMP_STOP "): ", "");
	else
		settings->reporting = false;
	if (settings->ours && restore_limits(settings, call))
		complain_news(call, "limits are not restored (run " SET "): ", "");
	else
		migrate_settings_free(settings);
	settings->unsure |= call->broken;
	/* What may stay is printed in any case. */
	migrate_settings_print(settings);
}

static void print_limits(const struct migrate_settings *settings)
{
	const json_t *ours;
	const char *key;
	json_t *value;

	json_object_foreach(settings->found, key, value) {
		ours = json_object_get(settings->ours, key);
		/* QEMU's are unsigned: none is negative, see read_json(). */
		complain("%s %s %llu, it was %llu", key,
			 settings->unsure ? "may be" : "stays",
			 (unsigned long long)json_integer_value(ours),
			 (unsigned long long)json_integer_value(value));
	}
}

void migrate_settings_print(const struct migrate_settings *settings)
{
	if (settings->ours)
		print_limits(settings);
	if (settings->reporting)
		complain("reporting %s on%s; " FREEHINT_QMP_STOP " ends it",
			 settings->unsure ? "may be" : "stays",
			 settings->unknown ? "" : ", it was off");
}
