// SPDX-License-Identifier: GPL-2.0
/*
 * Options that several commands have.
 */
#include "common_options.h"

#include <errno.h>

void option_need_qmp(const char *socket, struct argp_state *state)
{
	if (!socket)
		argp_error(state, "give QEMU's monitor socket with --qmp");
}

error_t option_no_argument(const char *arg, struct argp_state *state)
{
	argp_error(state, "%s is not an option, and there are no other arguments", arg);
	return EINVAL;
}
