// SPDX-License-Identifier: GPL-2.0
/*
 * freehint migrate: start reporting, migrate, show how it goes. Ctrl-C cancels, and
 * waits until QEMU has done so.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "include/freehint/qmp_names.h"
#include "progress.h"
#include "qmp_call.h"

#define PERIOD_US	100000
/* Looks at a completed migration that has no times yet. */
#define EARLY_MAX	10

/* A guest that is told to report looks ten times a second until then. */
#define NOTICE_US	120000

/**
 * struct migrate_options - what the command line says
 * @qmp:       socket
 * @uri:       where to
 * @bandwidth: bytes a second, -1: as QEMU has it, 0: no limit
 * @downtime:  milliseconds, -1: as QEMU has it
 * @quiet:     no progress
 * @plain:     do not start reporting
 */
struct migrate_options {
	const char *qmp;
	const char *uri;
	long long bandwidth;
	long long downtime;
	bool quiet;
	bool plain;
};

static volatile sig_atomic_t interrupted;

static const struct argp_option options[] = {
	{ "qmp", 'q', "SOCKET", 0, "a monitor socket of QEMU that nobody uses", 0 },
	{ "bandwidth", 'b', "MBIT", 0, "most megabits a second, 0: no limit", 0 },
	{ "downtime", 'd', "MS", 0, "longest stop of the guest, milliseconds", 0 },
	{ "quiet", 'Q', NULL, 0, "no progress, a summary only", 0 },
	{ "no-hints", 'n', NULL, 0, "an ordinary migration: do not start reporting", 0 },
	{ 0 },
};

static long long parse_number(const char *arg, const char *what, struct argp_state *state)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(arg, &end, 10);
	if (errno || end == arg || *end || value < 0 || value > 100000000)
		argp_error(state, "--%s is %s, give a number from 0 to 100000000", what, arg);
	return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct migrate_options *opt = state->input;

	switch (key) {
	case 'q':
		opt->qmp = arg;
		return 0;
	case 'b':
		opt->bandwidth = parse_number(arg, "bandwidth", state) * 125000;
		return 0;
	case 'd':
		opt->downtime = parse_number(arg, "downtime", state);
		return 0;
	case 'Q':
		opt->quiet = true;
		return 0;
	case 'n':
		opt->plain = true;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->uri)
			argp_error(state, "%s is too much, one URI is enough", arg);
		opt->uri = arg;
		return 0;
	case ARGP_KEY_END:
		if (!opt->qmp)
			argp_error(state, "give QEMU's monitor socket with --qmp");
		if (!opt->uri)
			argp_error(state, "give the destination, for example tcp:host2:4444");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Returns false when QEMU refused; what it returned is of no interest. */
static bool tell(struct qmp_call *call, const char *command, json_t *args)
{
	json_t *answer = qmp_call(call, command, args);

	json_decref(answer);
	return answer;
}

/* A migration without hints is still a migration: say why, and go on. */
static void start_hints(struct qmp_call *call)
{
	if (tell(call, FREEHINT_QMP_START, NULL))
		usleep(NOTICE_US);
	else
		fprintf(stderr, "freehint migrate: no hints: %s\n", call->absent ?
			"QEMU runs without the extension" : call->error);
}

static bool set_limits(struct qmp_call *call, const struct migrate_options *opt)
{
	json_t *args = json_object();

	if (opt->bandwidth >= 0)
		json_object_set_new(args, "max-bandwidth", json_integer(opt->bandwidth));
	if (opt->downtime >= 0)
		json_object_set_new(args, "downtime-limit", json_integer(opt->downtime));
	if (json_object_size(args))
		return tell(call, "migrate-set-parameters", args);
	json_decref(args);
	return true;
}

static double skipped(const json_t *hints)
{
	return json_number_value(json_object_get(json_object_get(hints, "counters"),
						 "bytes-skipped"));
}

static json_t *query_hints(struct qmp_call *call)
{
	return qmp_call(call, FREEHINT_QMP_QUERY, NULL);
}

static const char *status_of(const json_t *migrate)
{
	const char *status = json_string_value(json_object_get(migrate, "status"));

	return status ? status : "none";
}

static bool is_over(const char *status)
{
	return !strcmp(status, "completed") || !strcmp(status, "failed") ||
	       !strcmp(status, "cancelled");
}

/* QEMU says "completed" a moment before it says how long it took. */
static bool is_early(const json_t *migrate, unsigned int *times)
{
	return !strcmp(status_of(migrate), "completed") && (*times)++ < EARLY_MAX &&
	       !json_integer_value(json_object_get(migrate, "total-time"));
}

static void note_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void catch_interrupts(void)
{
	const struct sigaction action = { .sa_handler = note_interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Returns the last query-migrate, NULL when QEMU is gone. */
static json_t *watch(struct qmp_call *call, const struct migrate_options *opt, double before)
{
	unsigned int early = 0;
	bool cancelled = false;
	json_t *migrate, *hints;

	for (;;) {
		migrate = qmp_call(call, "query-migrate", NULL);
		if (!migrate || (is_over(status_of(migrate)) && !is_early(migrate, &early)))
			return migrate;
		if (interrupted && !cancelled)
			cancelled = tell(call, "migrate_cancel", NULL);
		if (!opt->quiet) {
			hints = query_hints(call);
			progress_show(migrate, hints, before);
			json_decref(hints);
		}
		json_decref(migrate);
		usleep(PERIOD_US);
	}
}

static void sum_up(const json_t *migrate, double kept)
{
	const json_t *ram = json_object_get(migrate, "ram");
	const char *why = json_string_value(json_object_get(migrate, "error-desc"));

	printf("%s%s%s", status_of(migrate), why ? ": " : "", why ? why : "");
	if (ram)
		printf(", %.2f s, downtime %.0f ms, %.0f passes, %.1f MB sent, %.1f MB kept off "
		       "the wire", json_number_value(json_object_get(migrate, "total-time")) / 1e3,
		       json_number_value(json_object_get(migrate, "downtime")),
		       json_number_value(json_object_get(ram, "dirty-sync-count")),
		       json_number_value(json_object_get(ram, "transferred")) / 1e6, kept / 1e6);
	putchar('\n');
}

static enum cli_exit migrate_and_watch(struct qmp_call *call,
				       const struct migrate_options *opt)
{
	json_t *hints = query_hints(call), *last;
	double before = skipped(hints), kept;
	bool completed;

	json_decref(hints);
	catch_interrupts();
	if (!set_limits(call, opt) || !tell(call, "migrate", json_pack("{s:s}", "uri", opt->uri)))
		return CLI_NO_ANSWER;
	last = watch(call, opt, before);
	progress_end();
	if (!last)
		return CLI_NO_ANSWER;
	hints = query_hints(call);
	kept = skipped(hints) - before;
	sum_up(last, kept > 0 ? kept : 0);
	completed = !strcmp(status_of(last), "completed");
	json_decref(hints);
	json_decref(last);
	return completed ? CLI_OK : CLI_NOT_MIGRATED;
}

enum cli_exit cli_migrate(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "URI",
		.doc = "Starts reporting, migrates to URI (tcp:host2:4444, unix:/run/there) and "
		       "shows how it goes. Ctrl-C cancels. An agent has to run beside QEMU.\v"
		       "Exit codes: 0 migrated, 1 wrong usage, 4 QEMU gives no answer or refuses, "
		       "5 the migration failed or was cancelled.",
	};
	struct migrate_options opt = { .bandwidth = -1, .downtime = -1 };
	enum cli_exit code = CLI_NO_ANSWER;
	struct qmp_call call;

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	if (!qmp_call_open(&call, opt.qmp)) {
		if (!opt.plain)
			start_hints(&call);
		code = migrate_and_watch(&call, &opt);
	}
	if (code == CLI_NO_ANSWER)
		fprintf(stderr, "freehint migrate: %s\n", call.error);
	qmp_call_close(&call);
	return code;
}
