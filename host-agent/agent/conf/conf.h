/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of freehint-agent and its exit codes.
 */
#ifndef FREEHINT_CONF_H
#define FREEHINT_CONF_H

#include "include/freehint/types.h"
#include "host-agent/common/log.h"

/**
 * enum agent_exit - exit codes; --help documents them, and their meanings never change
 * @AGENT_EXIT_OK:            the agent did what it was told to, or was told to end
 * @AGENT_EXIT_USAGE:         an option is wrong
 * @AGENT_EXIT_ISOLATION:     the sandbox could not be set up
 * @AGENT_EXIT_SYSTEM:        a system call failed, or there is no memory
 * @AGENT_EXIT_NOT_COMPLETED: with --once: the migration did not complete
 * @AGENT_EXIT_NO_QEMU:       with --give-up: there was no QEMU
 * @AGENT_EXIT_NO_PRESSURE:   the trigger on memory pressure could not be set
 * @AGENT_EXIT_BAD_SOCKET:    with --give-up: what is at the monitor's socket could not be used
 */
enum agent_exit {
	AGENT_EXIT_OK = 0,
	AGENT_EXIT_USAGE = 1,
	AGENT_EXIT_ISOLATION = 3,
	AGENT_EXIT_SYSTEM = 4,
	AGENT_EXIT_NOT_COMPLETED = 5,
	AGENT_EXIT_NO_QEMU = 6,
	AGENT_EXIT_NO_PRESSURE = 7,
	AGENT_EXIT_BAD_SOCKET = 8,
};

/**
 * enum give_back_choice - when QEMU is told to ask the guest for its free memory
 * @GIVE_BACK_POLICY_OFF:      never
 * @GIVE_BACK_POLICY_ONCE:     when the agent has attached, until nothing is left
 * @GIVE_BACK_POLICY_ALWAYS:   from then on
 * @GIVE_BACK_POLICY_PRESSURE: once, whenever the host is short of memory
 * @GIVE_BACK_POLICIES:        number of policies
 */
enum give_back_choice {
	GIVE_BACK_POLICY_OFF,
	GIVE_BACK_POLICY_ONCE,
	GIVE_BACK_POLICY_ALWAYS,
	GIVE_BACK_POLICY_PRESSURE,
	GIVE_BACK_POLICIES,
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
 * @poll_us:  poll period while a round is open, microseconds; with an extension that cannot wake
 *            the agent, while reporting is on
 * @give_up_us: exit after this long without QEMU, microseconds; 0: never
 * @give_back: when the guest is asked for its free memory
 * @leave_mib: free memory that the guest keeps then, MiB
 * @pressure:  PSI file of GIVE_BACK_POLICY_PRESSURE
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
	enum give_back_choice give_back;
	u64 leave_mib;
	const char *pressure;
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
