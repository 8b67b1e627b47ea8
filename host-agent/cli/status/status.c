// SPDX-License-Identifier: GPL-2.0
/*
 * freehint status: shows the state that the extension of a running QEMU reports, as text
 * or, with --json, unchanged.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "../commands.h"
#include "../options/common_options.h"
#include "../qmp/qmp_call.h"
#include "../qmp/unanswered_rounds.h"
#include "../terminal/complain.h"
#include "../terminal/units.h"
#include "host-agent/common/give_back_status.h"
#include "include/freehint/qmp_names.h"

/**
 * struct status_options - the options
 * @qmp:  socket
 * @json: print the answer unchanged
 */
struct status_options {
	const char *qmp;
	bool json;
};

static const struct argp_option options[] = {
	OPTION_QMP,
	{ "json", 'j', NULL, 0, "the answer to x-query-freehint as it is", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct status_options *opt = state->input;

	switch (key) {
	case 'q':
		opt->qmp = arg;
		return 0;
	case 'j':
		opt->json = true;
		return 0;
	case ARGP_KEY_ARG:
		return option_no_argument(arg, state);
	case ARGP_KEY_END:
		option_need_qmp(opt->qmp, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key, const char *none)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : none;
}

static void print_guest(const json_t *guest)
{
	if (!json_is_true(json_object_get(guest, "present")))
		puts("guest      no module has published its hello");
	else
		printf("guest      module uses version %.0f, free pages are %s, memory ends at "
		       "%.2f GiB\n", number(guest, "version"), text(guest, "contract", "?"),
		       number(guest, "end-pfn") / (1 << 18));
}

static void print_counters(const json_t *counters)
{
	printf("total      %.0f migrations, %.0f rounds, %.0f without a hint\n",
	       number(counters, "migrations"), number(counters, "rounds"),
	       number(counters, "rounds-empty"));
	printf("           %.1f MB kept off the wire, %.0f pages came late, %.0f commands "
	       "refused\n", number(counters, "bytes-skipped") / 1e6,
	       number(counters, "pages-late"), number(counters, "commands-refused"));
	printf("           big lock held for %.2f ms in all, %.2f ms at most; log armed in "
	       "%.2f ms without it\n", number(counters, "bql-total-us") / 1e3,
	       number(counters, "bql-max-us") / 1e3, number(counters, "arm-us") / 1e3);
}

static void print_switchovers(const json_t *counters)
{
	if (number(counters, "switchovers") == 0)
		return;
	printf("postcopy   %.0f switches, %.1f MB still skipped then, handed over in %.2f ms\n",
	       number(counters, "switchovers"), number(counters, "pages-switchover") * PAGE_MB,
	       number(counters, "switchover-us") / 1e3);
}

static void print_audit(const json_t *audit)
{
	if (!audit)
		return;
	if (json_object_get(audit, "impossible"))
		printf("audit      impossible: %s\n", text(audit, "impossible", "?"));
	else
		printf("audit      %.0f skipped pages written, %.0f lost, %.0f hinted too late\n",
		       number(audit, "pages-written"), number(audit, "violations"),
		       number(audit, "hints-late"));
}

static void print_give_back(const json_t *status)
{
	struct give_back_status back;

	give_back_status_parse(&back, status);
	if (!back.known)
		return;
	printf("give back  mode %s", give_back_mode_names[back.mode]);
	if (back.mode != GIVE_BACK_OFF)
		printf(", %s%s%s, blocks of 2^%llu pages, %llu MiB stay free",
		       back.asking ? back.drained ? "drained" : "asking" : "paused",
		       back.paused[0] ? ": " : "", back.paused, (unsigned long long)back.order,
		       (unsigned long long)back.leave_mib);
	if (back.refused[0])
		printf(", refused: %s", back.refused);
	printf("\n           %.1f MB given back in %llu offers, %llu declined, %llu stale; %.1f MB "
	       "resident\n", (double)back.bytes / 1e6, (unsigned long long)back.offers_done,
	       (unsigned long long)back.offers_declined, (unsigned long long)back.offers_stale,
	       (double)back.resident / 1e6);
	printf("           discarded in %.2f ms, big lock held for %.2f ms at most, %.2f ms of "
	       "processor time at most\n", (double)back.discard_us / 1e3,
	       (double)back.hold_max_us / 1e3, (double)back.hold_cpu_max_us / 1e3);
}

static void print_rounds(const json_t *rounds)
{
	const json_t *round;
	size_t i;

	if (!json_array_size(rounds))
		return;
	puts("\n pass  kept off the wire, MB  first hint, ms  last hint, ms  waited, ms");
	for (i = 0; i < json_array_size(rounds); i++) {
		round = json_array_get(rounds, i);
		printf("%5.0f %23.1f %15.1f %14.1f %11.1f\n", number(round, "pass"),
		       number(round, "pages-cleared") * PAGE_MB,
		       number(round, "sync-to-first-apply-us") / 1e3,
		       number(round, "sync-to-last-apply-us") / 1e3,
		       number(round, "waited-us") / 1e3);
	}
}

static void explain_rounds(const json_t *status)
{
	bool refused = number(json_object_get(status, "counters"), "commands-refused") > 0;
	u64 rounds = unanswered_rounds(status);

	if (rounds)
		printf("no hints   in the last migration: " UNANSWERED_ROUNDS "\n",
		       (unsigned long long)rounds,
		       refused ? UNANSWERED_EITHER : unanswered_why(false));
}

static void print_status(const json_t *status)
{
	const json_t *region = json_object_get(status, "region");
	const char *why = text(status, "refused", NULL);

	printf("extension  %s in QEMU %s, %s%s%s\n", text(status, "version", "?"),
	       text(status, "qemu", "?"), text(status, "state", "?"),
	       why ? ", refused: " : "", why ? why : "");
	printf("region     backend '%s', %.0f KiB, for %.2f GiB of memory\n",
	       text(region, "memdev", "?"), number(region, "size") / 1024,
	       number(region, "capacity") / (1 << 18));
	print_guest(json_object_get(status, "guest"));
	print_counters(json_object_get(status, "counters"));
	print_switchovers(json_object_get(status, "counters"));
	print_give_back(status);
	print_audit(json_object_get(status, "audit"));
	explain_rounds(status);
	print_rounds(json_object_get(status, "rounds"));
}

/* Return: whether it could be shown; an answer of another kind has no state. */
static bool show(const struct status_options *opt, const json_t *status, const char *error)
{
	bool valid = json_is_object(status);

	if (!valid)
		complain("%s", status ?
			 "QEMU's answer to " FREEHINT_QMP_QUERY " is not valid: update freehint" :
			 error);
	else if (!opt->json)
		print_status(status);
	else if (!json_dumpf(status, stdout, JSON_INDENT(1)))
		putchar('\n');
	return valid;
}

enum cli_exit cli_status(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Shows the state that the extension of a running QEMU reports.\v"
		       "Exit codes: 0 shown, 1 wrong usage, 4 QEMU does not answer or runs "
		       "without the extension, or the output cannot be written.",
	};
	struct status_options opt = { 0 };
	struct qmp_call call;
	enum cli_exit code;
	json_t *status;

	if (argp_parse(&argp, argc, argv, 0, NULL, &opt))
		return CLI_USAGE;
	status = qmp_call_open(&call, opt.qmp) ? NULL :
		 qmp_call(&call, FREEHINT_QMP_QUERY, NULL);
	code = show(&opt, status, call.absent ? QMP_CALL_NO_EXTENSION : call.error) ? CLI_OK :
									     CLI_NO_ANSWER;
	json_decref(status);
	qmp_call_close(&call);
	return code;
}
