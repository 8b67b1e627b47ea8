// SPDX-License-Identifier: GPL-2.0
/*
 * freehint status: what it prints of an answer.
 */
/* links: host-agent/cli/status/status.c host-agent/cli/qmp/unanswered_rounds.c */
/* links: host-agent/cli/options/option_number.c host-agent/cli/options/common_options.c */
/* links: host-agent/cli/terminal/complain.c host-agent/cli/terminal/printable_line.c */
/* links: host-agent/cli/terminal/progress.c host-agent/cli/terminal/terminal.c */
/* links: host-agent/common/standard_streams.c host-agent/common/printable.c */
/* links: host-agent/common/give_back_status.c */
/* libs: jansson */
#include <unistd.h>

#include "host-agent/cli/commands.h"
#include "host-agent/cli/qmp/qmp_call.h"
#include "tests/unit/unit.h"

static char text[4096];
static int command_us, refused;

int qmp_call_open(struct qmp_call *call, const char *socket)
{
	memset(call, 0, sizeof(*call));
	return 0;
}

void qmp_call_close(struct qmp_call *call)
{
}

json_t *qmp_call(struct qmp_call *call, const char *command, json_t *args)
{
	json_decref(args);
	return json_pack("{s:{s:i}, s:{s:s, s:i, s:i}, s:[{s:i}, {s:i, s:i}]}", "counters",
			 "commands-refused", refused, "region", "memdev", "freehint", "size",
			 1 << 20, "capacity", 8355840, "rounds", "pass", 1, "sync-to-seal-us", 5,
			 "sync-to-command-us", command_us);
}

static void run_status(void)
{
	char word[][8] = { "status", "--qmp", "socket" };
	char *argv[] = { word[0], word[1], word[2], NULL };
	int kept = dup(STDOUT_FILENO);
	FILE *said = tmpfile();

	assert_non_null(said);
	fflush(stdout);
	dup2(fileno(said), STDOUT_FILENO);
	assert_int_equal(cli_status(3, argv), CLI_OK);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	rewind(said);
	text[fread(text, 1, sizeof(text) - 1, said)] = '\0';
	fclose(said);
}

/* 1 MiB does not describe 32 GiB. */
static void the_size_of_the_region_is_not_rounded(void **state)
{
	run_status();
	assert_non_null(strstr(text, "backend 'freehint', 1024 KiB, for 31.88 GiB of memory"));
}

static void a_missing_agent_is_said(void **state)
{
	command_us = 0;
	run_status();
	assert_non_null(strstr(text, "sealed 1 rounds and no hints reached QEMU: does freehint-agent"));
	command_us = 9;
	run_status();
	assert_null(strstr(text, "freehint-agent"));
}

/* QEMU counts them for all migrations together. */
static void an_agent_whose_commands_were_refused_may_be_missing(void **state)
{
	command_us = 0;
	refused = 3;
	run_status();
	assert_non_null(strstr(text, "does freehint-agent run beside it, or did QEMU refuse its "
			       "commands? see the agent's log"));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(the_size_of_the_region_is_not_rounded),
		cmocka_unit_test(a_missing_agent_is_said),
		cmocka_unit_test(an_agent_whose_commands_were_refused_may_be_missing),
)
