// SPDX-License-Identifier: GPL-2.0
/*
 * freehint migrate: start reporting, migrate, watch the migration, and restore the changed
 * settings when the guest stays.
 */
#include <stdio.h>
#include <string.h>

#include "../commands.h"
#include "../qmp/complain_news.h"
#include "../qmp/qmp_call.h"
#include "../qmp/unanswered_rounds.h"
#include "../terminal/complain.h"
#include "../terminal/interrupts.h"
#include "../terminal/progress.h"
#include "migrate_hints.h"
#include "migrate_options.h"
#include "migrate_report.h"
#include "migrate_settings.h"
#include "migrate_watch.h"

/* Without hints it is an ordinary migration: log the reason and continue. */
static void start_hints(struct qmp_call *call, struct migrate_settings *settings)
{
	if (!migrate_settings_start_reporting(settings, call))
		migrate_hints_wait(call);
	else if (call->absent)
		complain("no hints: " QMP_CALL_NO_EXTENSION);
	else
		complain_news(call, "no hints: ", "");
}

static bool set_limits(struct qmp_call *call, const struct migrate_options *opt,
		       struct migrate_settings *settings)
{
	json_t *limits = json_object();

	if (opt->bandwidth >= 0)
		json_object_set_new(limits, "max-bandwidth", json_integer(opt->bandwidth));
	if (opt->downtime >= 0)
		json_object_set_new(limits, "downtime-limit", json_integer(opt->downtime));
	if (json_object_size(limits))
		return !migrate_settings_limit(settings, call, limits);
	json_decref(limits);
	return true;
}

/*
 * A user who interrupted an earlier wait may still wait for this step: only a new interrupt ends
 * it.
 */
static void restore(struct migrate_settings *settings, struct qmp_call *call)
{
	interrupts_forget_second();
	migrate_settings_restore(settings, call);
}

static enum cli_exit finish(const struct migrate_watch *watch,
			    const struct migrate_hints *before,
			    struct migrate_settings *settings)
{
	const char *why;
	u64 rounds;

	migrate_report_summary(watch, migrate_hints_end(before, watch->call, &rounds, &why));
	if (rounds)
		complain(UNANSWERED_ROUNDS, (unsigned long long)rounds, why);
	if (!strcmp(watch->state->name, "completed"))
		return CLI_OK;
	restore(settings, watch->call);
	migrate_report_stopped_guest(watch);
	return CLI_NOT_MIGRATED;
}

/* A running migration keeps the changed settings; a migration that ends gets them restored. */
static enum cli_exit detach(const struct migrate_watch *watch, struct migrate_settings *settings)
{
	migrate_report_detached(watch);
	if (!watch->call->broken && watch->state->stage == STAGE_ENDING)
		restore(settings, watch->call);
	else
		migrate_settings_print(settings);
	return CLI_DETACHED;
}

static void keep_settings(const struct migrate_watch *watch, struct migrate_settings *settings)
{
	settings->unsure |= watch->call->broken;
	migrate_settings_print(settings);
}

static enum cli_exit watch_to_the_end(struct qmp_call *call, const struct migrate_options *opt,
				      struct migrate_settings *settings,
				      const struct migrate_hints *before)
{
	struct migrate_watch watch = {
		.call = call, .quiet = opt->quiet, .before = before->bytes,
	};
	enum watch_end end = migrate_watch(&watch);
	enum cli_exit code = CLI_NO_ANSWER;

	progress_end();
	switch (end) {
	case WATCH_ENDED:
		code = finish(&watch, before, settings);
		break;
	case WATCH_DETACHED:
		code = detach(&watch, settings);
		break;
	case WATCH_LOST:
		migrate_report_lost(&watch);
		keep_settings(&watch, settings);
		break;
	case WATCH_REPLACED:
		migrate_report_replaced();
		break;
	}
	json_decref(watch.last);
	return code;
}

static bool may_begin_after(const char *status)
{
	enum migration_stage stage = migration_state_find(status)->stage;

	return stage == STAGE_NONE || stage == STAGE_ENDED;
}

/*
 * QEMU would refuse a second migration, but not new limits, and these change the first.
 * Return: what QEMU says of the last migration; NULL if none may begin, with the reason
 * printed.
 */
static json_t *query_earlier(struct qmp_call *call)
{
	json_t *answer = qmp_call_again(call, "query-migrate", NULL);
	const char *status = json_string_value(json_object_get(answer, "status"));

	if (!answer) {
		complain("%s", call->error);
	} else if (!may_begin_after(status)) {
		complain("a migration is running already, %s; wait for it, or run migrate_cancel", status);
		json_decref(answer);
		answer = NULL;
	}
	return answer;
}

/*
 * QEMU drops the commands of a connection that was closed. So what it says on a new one is
 * final: if that is what it said before, it did not take the command.
 */
static bool was_taken(struct qmp_call *call, const json_t *earlier)
{
	json_t *now;
	bool taken;

	complain_news(call, "", "; connecting again, the migration may have begun");
	now = qmp_call_again(call, "query-migrate", NULL);
	taken = !now || !json_equal(now, earlier);
	if (!taken)
		complain("the migration has not begun%s", interrupts_any() ? "" :
			 "; run freehint migrate again");
	json_decref(now);
	return taken;
}

/* Return: false when the migration has not begun, with the reason printed. */
static bool begin(struct qmp_call *call, const char *uri, const json_t *earlier)
{
	bool unsent;

	/* What could not be read before is no reason: "migrate" needs a connection that works. */
	if (call->broken && call->garbled)
		qmp_call_again_ok(call, "query-migrate", NULL);
	unsent = call->broken;
	if (qmp_call_ok(call, "migrate", json_pack("{s:s}", "uri", uri)))
		return true;
	if (call->broken && !unsent)
		return was_taken(call, earlier);
	complain_news(call, "", "");
	return false;
}

static enum cli_exit not_started(void)
{
	puts("cancelled before the migration was started");
	return CLI_NOT_MIGRATED;
}

/* The reason was said, perhaps as one why there would be no hints. */
static enum cli_exit not_begun(const struct qmp_call *call)
{
	if (call->broken)
		complain("the migration has not begun");
	return CLI_NO_ANSWER;
}

static enum cli_exit migrate_after(struct qmp_call *call, const struct migrate_options *opt,
				   struct migrate_settings *settings, const json_t *earlier)
{
	struct migrate_hints before;
	bool limited, cancelled;

	migrate_hints_look(&before, call);
	before.unwanted = opt->plain;
	if (!opt->plain)
		start_hints(call, settings);
	limited = set_limits(call, opt, settings);
	if (!limited)
		complain_news(call, "", "");
	if (!interrupts_any() && limited && begin(call, opt->uri, earlier))
		return watch_to_the_end(call, opt, settings, &before);
	cancelled = interrupts_any();
	if (cancelled)
		not_started();
	restore(settings, call);
	return cancelled ? CLI_NOT_MIGRATED : not_begun(call);
}

static enum cli_exit migrate(struct qmp_call *call, const struct migrate_options *opt,
			     struct migrate_settings *settings)
{
	json_t *earlier = query_earlier(call);
	enum cli_exit code;

	if (!earlier)
		return call->broken && interrupts_any() ? not_started() : not_begun(call);
	code = migrate_after(call, opt, settings, earlier);
	json_decref(earlier);
	return code;
}

enum cli_exit cli_migrate(int argc, char **argv)
{
	struct migrate_options opt = { .bandwidth = -1, .downtime = -1 };
	struct migrate_settings settings = { 0 };
	enum cli_exit code = CLI_NO_ANSWER;
	struct qmp_call call;

	if (argp_parse(&migrate_argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	if (qmp_call_open(&call, opt.qmp)) {
		complain("%s", call.error);
	} else {
		/* The first interrupt waits for QEMU: what was begun may have to be undone. */
		call.give_up = interrupts_again;
		interrupts_catch();
		/* Whoever closes the terminal does not mean the guest to stay here. */
		interrupts_ignore_hangup();
		code = migrate(&call, &opt, &settings);
	}
	migrate_settings_free(&settings);
	qmp_call_close(&call);
	return code;
}
