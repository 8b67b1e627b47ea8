/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options that several commands have.
 */
#ifndef FREEHINT_CLI_COMMON_OPTIONS_H
#define FREEHINT_CLI_COMMON_OPTIONS_H

#include <argp.h>

/* A row of a table of options. */
#define OPTION_QMP \
	{ "qmp", 'q', "SOCKET", 0, "a monitor socket of QEMU that no other client uses", 0 }

/** option_need_qmp() - end the tool, if @socket was not given */
void option_need_qmp(const char *socket, struct argp_state *state);

/** option_no_argument() - end the tool because of @arg; Return: EINVAL, if argp goes on */
error_t option_no_argument(const char *arg, struct argp_state *state);

#endif /* FREEHINT_CLI_COMMON_OPTIONS_H */
