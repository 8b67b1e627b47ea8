// SPDX-License-Identifier: GPL-2.0
/*
 * freehint: the administrator's tool. Finds the command and runs it.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "host-agent/common/log.h"
#include "host-agent/common/standard_streams.h"
#include "include/freehint/version.h"
#include "terminal/complain.h"

const char *argp_program_version = "freehint " FREEHINT_RELEASE;

static const struct command {
	const char *name;
	cli_command *run;
	/* It changes something: its exit status says what became of that. */
	bool acts;
	const char *purpose;
} commands[] = {
	{ "doctor", cli_doctor, false, "check what a hinted migration needs" },
	{ "enable", cli_enable, true, "give a libvirt domain what freehint needs" },
	{ "disable", cli_disable, true, "take freehint out of a libvirt domain" },
	{ "domain-xml", cli_domain_xml, false, "the same for a domain's XML, as a filter" },
	{ "status", cli_status, false, "state, counters and rounds of a running QEMU" },
	{ "top", cli_top, false, "all virtual machines of this host, one line each" },
	{ "migrate", cli_migrate, true, "start reporting, migrate, show the progress" },
	{ "give-back", cli_give_back, true, "have the guest give its free memory back to the host" },
	{ "map", cli_map, false, "a picture of guest memory: sent, kept off the wire, used again" },
	{ "dump", cli_dump, false, "decode the shared memory of a virtual machine" },
};

#define COUNT ARRAY_SIZE(commands)

/* The program name for argp: "Usage: freehint status ...". */
static char *full_name(const struct command *command)
{
	static char name[64];

	snprintf(name, sizeof(name), "freehint %s", command->name);
	return name;
}

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: freehint COMMAND [OPTION...]\n\n", out);
	for (i = 0; i < COUNT; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].purpose);
	fputs("\n'freehint COMMAND --help' shows its options.\n", out);
}

static enum cli_exit run(const struct command *command, int argc, char **argv)
{
	enum cli_exit code;

	argv[0] = full_name(command);
	complain_as(command->name);
	code = command->run(argc, argv);
	if (command->acts)
		streams_keep_status();
	return code;
}

int main(int argc, char **argv)
{
	size_t i;

	/* If whoever started us ignores it, no command could wait for its children. */
	signal(SIGCHLD, SIG_DFL);
	streams_init(CLI_NO_ANSWER);
	argp_err_exit_status = CLI_USAGE;
	log_init(LOG_LEVEL_INFO);
	for (i = 0; argc > 1 && i < COUNT; i++)
		if (!strcmp(argv[1], commands[i].name))
			return run(&commands[i], argc - 1, argv + 1);
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts(argp_program_version);
		return CLI_OK;
	}
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?"))) {
		usage(stdout);
		return CLI_OK;
	}
	if (argc > 1)
		complain("there is no command '%s'", argv[1]);
	usage(stderr);
	return CLI_USAGE;
}
