// SPDX-License-Identifier: GPL-2.0
/*
 * freehint migrate says why no hints came, when it can be known: nobody brings them, or the guest
 * does not run.
 */
/* links: host-agent/cli/migrate/migrate.c host-agent/cli/migrate/migrate_options.c */
/* links: host-agent/cli/options/option_number.c host-agent/cli/options/common_options.c */
/* links: host-agent/cli/terminal/complain.c host-agent/cli/terminal/printable_line.c */
/* links: host-agent/cli/migrate/migrate_report.c host-agent/cli/qmp/complain_news.c */
/* links: host-agent/cli/migrate/migrate_settings.c host-agent/cli/migrate/migrate_watch.c */
/* links: host-agent/cli/migrate/migration_state.c host-agent/cli/terminal/interrupts.c */
/* links: host-agent/cli/terminal/progress.c host-agent/cli/terminal/terminal.c */
/* links: host-agent/cli/qmp/qmp_call.c host-agent/common/qmp_stream.c */
/* links: host-agent/cli/qmp/printable_json.c host-agent/common/printable.c */
/* links: host-agent/common/read_json.c host-agent/cli/qmp/unanswered_rounds.c */
/* links: host-agent/cli/migrate/migrate_hints.c */
/* links: host-agent/common/standard_streams.c */
/* links: tests/fakes/fake_qmp_server.c */
/* links: tests/fakes/fake_migration.c */
/* libs: jansson */
/* flags: -pthread */
#include "tests/fakes/fake_migration.h"
#include "tests/unit/unit.h"

#define NO_AGENT	"sealed 3 rounds and no hints reached QEMU: does freehint-agent run beside"
#define REFUSED		"no hints reached QEMU: QEMU refused the agent's commands or they came late"

static void a_missing_agent_is_said(void **state)
{
	play.sealed = 3;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said(NO_AGENT), 1);
}

static void hints_of_one_round_show_an_agent(void **state)
{
	play.sealed = 3;
	play.hinted = true;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said("freehint-agent"), 0);
}

static void an_agent_whose_commands_are_refused_is_not_missing(void **state)
{
	play.sealed = 3;
	play.commands = 2;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said("does freehint-agent run"), 0);
	assert_int_equal(play_times_said(REFUSED), 1);
}

static void nobody_misses_hints_that_were_not_wanted(void **state)
{
	play.sealed = 3;
	play.plain = true;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said("no hints reached QEMU"), 0);
}

/* A migration without a round leaves those of the one before. */
static void rounds_of_an_earlier_migration_say_nothing(void **state)
{
	play.sealed = 3;
	play.earlier_sealed = true;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said("freehint-agent"), 0);
}

static void a_guest_that_does_not_run_has_no_hints(void **state)
{
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said("no hints"), 0);
	if (play_teardown(state) || play_setup(state))
		fail();
	play.server.runstate = "paused";
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play_times_said("no hints while the guest does not run (paused)"), 1);
}

#define PLAYED(test) cmocka_unit_test_setup_teardown(test, play_setup, play_teardown)

RUN_TESTS(NULL, NULL,
		PLAYED(a_missing_agent_is_said),
		PLAYED(hints_of_one_round_show_an_agent),
		PLAYED(an_agent_whose_commands_are_refused_is_not_missing),
		PLAYED(nobody_misses_hints_that_were_not_wanted),
		PLAYED(rounds_of_an_earlier_migration_say_nothing),
		PLAYED(a_guest_that_does_not_run_has_no_hints),
)
