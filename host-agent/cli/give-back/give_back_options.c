// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the command line of freehint give-back.
 */
#include "give_back_options.h"

#include "../options/common_options.h"
#include "../options/option_number.h"
#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"

/* argp takes no numbers. */
#define TEXT(number)	TEXT_OF(number)
#define TEXT_OF(number)	#number
#define ORDER_ONCE	TEXT(FREEHINT_GIVE_BACK_ORDER_ONCE)
#define ORDER_ALWAYS	TEXT(FREEHINT_GIVE_BACK_ORDER_ALWAYS)
#define ORDER_MAX	TEXT(FREEHINT_BLOCK_MAX_ORDER)

static const struct argp_option options[] = {
	OPTION_QMP,
	{ "always", 'a', NULL, 0, "go on asking after the guest has given what it has now", 0 },
	{ "stop", 's', NULL, 0, "ask no longer", 0 },
	{ "order", 'o', "N", 0,
	  "smallest block, 2^N pages of 4 KiB: 1 to " ORDER_MAX " (default " ORDER_ONCE
	  ", 256 KiB; with --always " ORDER_ALWAYS ", 2 MiB)", 0 },
	{ "leave", 'L', "MIB", 0, "free memory that the guest keeps, MiB (default 0)", 0 },
	{ "quiet", 'Q', NULL, 0, "show no progress, only the summary", 0 },
	{ 0 },
};

static error_t check(const struct give_back_options *opt, struct argp_state *state)
{
	option_need_qmp(opt->qmp, state);
	if (opt->mode == GIVE_BACK_OFF && (opt->order >= 0 || opt->leave >= 0))
		argp_error(state, "--stop takes neither --order nor --leave");
	return 0;
}

static error_t set_mode(struct give_back_options *opt, enum give_back_mode mode,
			struct argp_state *state)
{
	if (opt->mode != GIVE_BACK_ONCE && opt->mode != mode)
		argp_error(state, "give --always or --stop, not both");
	opt->mode = mode;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct give_back_options *opt = state->input;

	switch (key) {
	case 'q':
		opt->qmp = arg;
		return 0;
	case 'a':
		return set_mode(opt, GIVE_BACK_ALWAYS, state);
	case 's':
		return set_mode(opt, GIVE_BACK_OFF, state);
	case 'o':
		opt->order = option_number(arg, "order", 1, FREEHINT_BLOCK_MAX_ORDER, state);
		return 0;
	case 'L':
		opt->leave = option_number(arg, "leave", 0, FREEHINT_GIVE_BACK_MAX_LEAVE, state);
		return 0;
	case 'Q':
		opt->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		return option_no_argument(arg, state);
	case ARGP_KEY_END:
		return check(opt, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp give_back_argp = {
	.options = options,
	.parser = parse,
	.doc = "Has QEMU ask the guest for its free memory, and shows how much the host gets. "
	       "Ctrl-C stops asking. An agent has to run beside QEMU, and the guest needs "
	       "freehint.ko.\v"
	       "Exit codes: 0 the guest has given what it has, or --stop, 1 wrong usage, 4 QEMU "
	       "does not answer or refuses, or another QEMU answers, 5 interrupted, or stopped "
	       "by somebody else.",
};
