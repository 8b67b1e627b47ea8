/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of freehint-agent and its exit codes.
 */
#ifndef FREEHINT_CONF_H
#define FREEHINT_CONF_H

#include "include/freehint/types.h"
#include "host-agent/common/log.h"

/** enum agent_exit - exit codes; --help documents them, and their meanings never change */
enum agent_exit {
	AGENT_EXIT_OK = 0,
	AGENT_EXIT_USAGE = 1,
	AGENT_EXIT_ISOLATION = 3,
	AGENT_EXIT_SYSTEM = 4,
	AGENT_EXIT_NOT_COMPLETED = 5,
	AGENT_EXIT_NO_QEMU = 6,
};

/**
 * struct conf - the options
 * @qmp:      path of QEMU's monitor socket
 * @shm:      path of the file behind the ivshmem device
 * @user:     user to become, or NULL
 * @json:     JSON lines on stdout
 * @once:     exit after the first summary
 * @level:    log level
 * @metrics:  file for metrics, or NULL
 * @poll_us:  poll period while reporting is on, microseconds
 * @give_up_us: exit after this long without QEMU, microseconds; 0: never
 */
struct conf {
	const char *qmp;
	const char *shm;
	const char *user;
	const char *metrics;
	bool json;
	bool once;
	enum log_level level;
	u64 poll_us;
	u64 give_up_us;
};

/**
 * conf_parse() - parse the command line
 * @conf: filled; points into @argv
 * @argc: as main() got it
 * @argv: as main() got it
 *
 * Does not return for --help, --version and wrong usage.
 */
void conf_parse(struct conf *conf, int argc, char **argv);

#endif /* FREEHINT_CONF_H */
