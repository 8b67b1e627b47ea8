// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: checks what a hinted migration needs. Each line other than "ok" names
 * what to do.
 */
#include <argp.h>
#include <stdlib.h>

#include "../commands.h"
#include "../emulator/check_qemu.h"
#include "../options/common_options.h"
#include "../terminal/findings.h"
#include "check_access.h"
#include "check_give_back.h"
#include "check_host.h"
#include "check_vm.h"

/**
 * struct doctor - the options
 * @qemu: program, NULL: all that are installed
 * @qmp:  socket of a running QEMU, NULL: do not connect
 * @shm:  file behind its ivshmem device, NULL: do not check it
 * @user: user that the agent will run as, NULL: not given
 */
struct doctor {
	const char *qemu;
	const char *qmp;
	const char *shm;
	const char *user;
};

static const struct argp_option options[] = {
	{ "qemu", 'Q', "PROGRAM", 0, "QEMU to be used (default: every one that is installed)", 0 },
	{ "qmp", 'q', "SOCKET", 0, "a monitor socket of a running QEMU that no other client uses", 0 },
	{ "shm", 's', "PATH", 0, "file behind its ivshmem device", 0 },
	{ "user", 'u', "NAME", 0, "user that the agent is to run as", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct doctor *doctor = state->input;

	switch (key) {
	case 'Q':
		doctor->qemu = arg;
		return 0;
	case 'q':
		doctor->qmp = arg;
		return 0;
	case 's':
		doctor->shm = arg;
		return 0;
	case 'u':
		doctor->user = arg;
		return 0;
	case ARGP_KEY_ARG:
		return option_no_argument(arg, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

enum cli_exit cli_doctor(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Checks QEMU's program and this machine, and with --qmp a virtual "
		       "machine.\v"
		       "Exit codes: 0 nothing is wrong, 1 wrong usage, 3 something is wrong, 4 the "
		       "output cannot be written.",
	};
	struct doctor doctor = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &doctor))
		return CLI_USAGE;
	check_qemus(doctor.qemu);
	check_agent();
	check_userfaultfd();
	check_pressure();
	if (doctor.shm)
		check_shm(doctor.shm);
	check_access(doctor.user, doctor.qmp, doctor.shm);
	if (doctor.qmp)
		check_vm(doctor.qmp, doctor.shm);
	return findings_wrong() ? CLI_WRONG : CLI_OK;
}
