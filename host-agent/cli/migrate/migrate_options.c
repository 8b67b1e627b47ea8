// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the command line of freehint migrate.
 */
#include "migrate_options.h"

#include <string.h>
#include "../options/common_options.h"
#include "../options/option_number.h"

/* Far above what a link or a guest can do; QEMU gets bytes and milliseconds in 64 bits. */
#define NUMBER_MAX	100000000LL

static const struct argp_option options[] = {
	OPTION_QMP,
	{ "bandwidth", 'b', "MBIT", 0, "limit of the bandwidth, megabits per second, 0: no limit", 0 },
	{ "downtime", 'd', "MS", 0, "limit of the downtime, milliseconds", 0 },
	{ "quiet", 'Q', NULL, 0, "show no progress, only the summary", 0 },
	{ "no-hints", 'n', NULL, 0, "an ordinary migration: do not start reporting", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct migrate_options *opt = state->input;

	switch (key) {
	case 'q':
		opt->qmp = arg;
		return 0;
	case 'b':
		opt->bandwidth = option_number(arg, "bandwidth", 0, NUMBER_MAX, state) * 125000;
		return 0;
	case 'd':
		opt->downtime = option_number(arg, "downtime", 0, NUMBER_MAX, state);
		return 0;
	case 'Q':
		opt->quiet = true;
		return 0;
	case 'n':
		opt->plain = true;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->uri)
			argp_error(state, "%s is one argument too many, give one URI", arg);
		/* QEMU's own text names no example, and no word of the command line. */
		if (!strchr(arg, ':'))
			argp_error(state, "%s is no URI, give one such as tcp:host2:4444 or "
				   "unix:/run/there", arg);
		opt->uri = arg;
		return 0;
	case ARGP_KEY_END:
		option_need_qmp(opt->qmp, state);
		if (!opt->uri)
			argp_error(state, "give the destination, for example tcp:host2:4444");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp migrate_argp = {
	.options = options,
	.parser = parse,
	.args_doc = "URI",
	.doc = "Starts reporting, migrates to URI (tcp:host2:4444, unix:/run/there) and "
	       "shows the progress. Ctrl-C cancels as long as the guest is here. An agent "
	       "has to run beside QEMU.\v"
	       "Exit codes: 0 migrated, 1 wrong usage, 4 QEMU does not answer or refuses, "
	       "5 the migration failed or was cancelled, 6 it continues, or may "
	       "continue, without this tool.",
};
