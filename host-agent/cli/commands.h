/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of the freehint tool. Each command parses its own arguments, writes results
 * to standard output and errors to standard error.
 */
#ifndef FREEHINT_CLI_COMMANDS_H
#define FREEHINT_CLI_COMMANDS_H

/**
 * enum cli_exit - exit codes
 * @CLI_OK:       done, nothing is wrong
 * @CLI_USAGE:    wrong usage
 * @CLI_WRONG:    doctor found a fault that has to be corrected; a domain is not understood, or
 *                lacks what it needs: somebody has to change that first
 * @CLI_NO_ANSWER: QEMU or libvirt did not answer, or a file could not be read or written,
 *                 nor the output of a command that changes nothing
 * @CLI_NOT_MIGRATED: the migration failed or was cancelled; giving back was interrupted
 * @CLI_DETACHED: the migration continues, or may continue if QEMU does not answer, and the tool
 *                does not watch it any more
 */
enum cli_exit {
	CLI_OK = 0,
	CLI_USAGE = 1,
	CLI_WRONG = 3,
	CLI_NO_ANSWER = 4,
	CLI_NOT_MIGRATED = 5,
	CLI_DETACHED = 6,
};

typedef enum cli_exit cli_command(int argc, char **argv);

/** cli_doctor() - check this machine, its QEMUs, and a virtual machine */
cli_command cli_doctor;

/** cli_status() - show the state that the extension reports */
cli_command cli_status;

/** cli_top() - show all virtual machines of this host */
cli_command cli_top;

/** cli_migrate() - start reporting, migrate, show the progress */
cli_command cli_migrate;

/** cli_give_back() - have the guest give its free memory back, show the progress */
cli_command cli_give_back;

/** cli_dump() - decode the region of a running virtual machine */
cli_command cli_dump;

/** cli_map() - draw a picture of guest memory */
cli_command cli_map;

/** cli_domain_xml() - add freehint to the XML of a libvirt domain, or take it out */
cli_command cli_domain_xml;

/** cli_enable() - add freehint to a domain that libvirt knows */
cli_command cli_enable;

/** cli_disable() - take freehint out of a domain that libvirt knows */
cli_command cli_disable;

#endif /* FREEHINT_CLI_COMMANDS_H */
