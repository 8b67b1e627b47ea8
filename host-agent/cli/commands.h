/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of the freehint tool. Each parses its own arguments, writes what it
 * found to standard output and complaints to standard error.
 */
#ifndef FREEHINT_CLI_COMMANDS_H
#define FREEHINT_CLI_COMMANDS_H

/**
 * enum cli_exit - exit codes
 * @CLI_OK:       done, nothing is wrong
 * @CLI_USAGE:    wrong usage
 * @CLI_WRONG:    doctor found something that has to be changed
 * @CLI_NO_ANSWER: QEMU or the shared memory could not be asked
 * @CLI_NOT_MIGRATED: the migration failed or was cancelled
 * @CLI_LEFT:     the migration goes on, and nobody watches it
 */
enum cli_exit {
	CLI_OK = 0,
	CLI_USAGE = 1,
	CLI_WRONG = 3,
	CLI_NO_ANSWER = 4,
	CLI_NOT_MIGRATED = 5,
	CLI_LEFT = 6,
};

typedef enum cli_exit cli_command(int argc, char **argv);

/** cli_doctor() - can this QEMU be used, and is this virtual machine set up? */
cli_command cli_doctor;

/** cli_status() - what the extension says of itself */
cli_command cli_status;

/** cli_migrate() - start reporting, migrate, show how it goes */
cli_command cli_migrate;

/** cli_dump() - decode a live region */
cli_command cli_dump;

/** cli_map() - a picture of guest memory */
cli_command cli_map;

#endif /* FREEHINT_CLI_COMMANDS_H */
