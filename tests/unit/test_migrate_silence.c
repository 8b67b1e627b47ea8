// SPDX-License-Identifier: GPL-2.0
/*
 * freehint migrate against a QEMU that says nothing any more: it was stopped, is gone, or serves
 * another client. A second Ctrl-C ends the tool, which says what it does not know.
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

static void a_second_interrupt_leaves_a_silent_qemu(void **state)
{
	play.state[1] = NULL;
	play.mute_at = 3;
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_true(play.begun);
	assert_int_equal(play.cancels, 0);
	play_assert_still_changed();
	assert_int_equal(play_times_said("QEMU does not answer"), 1);
	assert_int_equal(play_times_said("active when QEMU last answered, may continue"), 1);
	assert_int_equal(play_times_said("migrate_cancel ends it while the guest is here"), 1);
	assert_int_equal(play_times_said("max-bandwidth stays 1000000, it was 1000"), 1);
}

/* It may have taken the command. */
static void a_migration_that_may_have_begun_is_left(void **state)
{
	play.mute = "migrate";
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_int_equal(play_times_said("QEMU does not answer"), 1);
	assert_int_equal(play_times_said("may have begun, and may continue without this"), 1);
	assert_int_equal(play_times_said("migrate_cancel ends it while the guest is here"), 1);
	assert_int_equal(play_times_said("max-bandwidth stays 1000000, it was 1000"), 1);
}

static void a_cancellation_that_is_not_answered_is_left(void **state)
{
	play.state[1] = NULL;
	play.interrupt = 2;
	play.mute = "migrate_cancel";
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_int_equal(play_times_said("active when QEMU last answered, may continue"), 1);
}

static void settings_of_a_silent_cancellation_are_named(void **state)
{
	play.state[1] = NULL;
	play.interrupt = 1;
	play.stuck = true;
	play.mute_at = 4;
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_int_equal(play.cancels, 1);
	assert_int_equal(play_times_said("cancelling when QEMU last answered, so the settings"), 1);
	assert_int_equal(play_times_said("migrate_cancel"), 0);
	assert_int_equal(play_times_said("max-bandwidth stays 1000000, it was 1000"), 1);
}

/* Both interrupts come during one answer, and a new connection is answered. */
static void interrupts_during_a_late_answer_cancel(void **state)
{
	play.state[1] = NULL;
	play.late = "query-migrate";
	play.pressed = true;
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play.cancels, 1);
	assert_int_equal(play.server.connections, 2);
	play_assert_put_back();
}

static void a_late_answer_while_it_puts_back_is_waited_for(void **state)
{
	play.state[1] = NULL;
	play.interrupt = 1;
	play.again = true;
	play.stuck = true;
	play.late = FREEHINT_QMP_STOP;
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_int_equal(play.cancels, 1);
	assert_int_equal(play.server.connections, 1);
	play_assert_put_back();
}

/* A connection that answers, and says no: there is nothing to leave silently. */
static void a_first_look_that_is_refused_is_lost(void **state)
{
	play.late = "migrate";
	play.pressed = true;
	play.refuse = "query-migrate";
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("a migration may be running; query-migrate shows"), 1);
	assert_int_equal(play_times_said("max-bandwidth stays 1000000, it was 1000"), 1);
}

/* The progress has shown that it has begun, and nobody knows what became of it. */
static void a_qemu_that_ends_in_the_middle_may_be_migrating(void **state)
{
	play.state[1] = NULL;
	play.hang_up = 3;
	play.gone = true;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("running, when QEMU last answered it was active"), 1);
	assert_int_equal(play_times_said("look for the guest on the destination"), 1);
	assert_int_equal(play_times_said("has not begun"), 0);
	assert_int_equal(play_times_said("max-bandwidth may be 1000000, it was 1000"), 1);
	assert_int_equal(play_times_said("reporting may be on, it was off"), 1);
}

static void a_migration_that_has_not_begun_is_cancelled(void **state)
{
	static const char *const commands[] = {
		"query-migrate", FREEHINT_QMP_QUERY, FREEHINT_QMP_START, "query-migrate-parameters",
		"migrate-set-parameters",
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.mute = commands[i];
		assert_int_equal(play_run(), CLI_NOT_MIGRATED);
		assert_false(play.begun);
		assert_int_equal(play_times_said("QEMU does not answer"), 1);
		assert_int_equal(play_times_said("may be on, it was off"), i > 1);
		assert_int_equal(play_times_said("max-bandwidth may be 1000000"), i > 3);
	}
}

/* The reason alone could be one why there are no hints. */
static void that_it_has_not_begun_is_said(void **state)
{
	static const char *const commands[] = {
		FREEHINT_QMP_START, "query-migrate-parameters", "migrate-set-parameters",
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.drop = commands[i];
		play.gone = true;
		assert_int_equal(play_run(), CLI_NO_ANSWER);
		assert_int_equal(play_times_said("the migration has not begun"), 1);
	}
}

static void an_interrupt_before_it_has_begun_is_a_cancellation(void **state)
{
	play.drop = "migrate";
	play.pressing = true;
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play_times_said("the migration has not begun"), 1);
	assert_int_equal(play_times_said("run freehint migrate again"), 0);
	play_assert_put_back();
	if (play_teardown(state) || play_setup(state))
		fail();
	play.drop = "query-migrate";
	play.gone = play.pressing = true;
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
}

/* QEMU 7.2 takes it for "no limit". */
static void the_largest_limit_is_put_back(void **state)
{
	play.bandwidth = -1;
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play.bandwidth, -1);
	assert_int_equal(play.downtime, 300);
	assert_int_equal(play_times_said("max-bandwidth"), 0);
	if (play_teardown(state) || play_setup(state))
		fail();
	play.bandwidth = -1;
	play.lose = "migrate-set-parameters";
	play.gone = true;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("it was 18446744073709551615"), 1);
}

static void an_answer_that_cannot_be_read_leaves_nothing_on(void **state)
{
	play.bandwidth = -1;
	play.garbled = true;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("cannot be read: update freehint"), 1);
	assert_false(play.begun);
	assert_false(play.reporting);
}

/* What nobody needs for a migration does not prevent it, nor what puts reporting back. */
static void hints_that_cannot_be_read_prevent_no_migration(void **state)
{
	play.unlimited = true;
	play.unreadable = FREEHINT_QMP_QUERY;
	play.plain = true;
	assert_int_equal(play_run(), CLI_OK);
	assert_true(play.begun);
	assert_false(play.reporting);
	if (play_teardown(state) || play_setup(state))
		fail();
	play.unlimited = true;
	play.unreadable = FREEHINT_QMP_QUERY;
	assert_int_equal(play_run(), CLI_OK);
	assert_true(play.begun);
	assert_true(play.reporting);
	if (play_teardown(state) || play_setup(state))
		fail();
	play.unlimited = true;
	play.unreadable = FREEHINT_QMP_QUERY;
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_false(play.reporting);
}

static void reporting_that_nobody_knows_of_is_named(void **state)
{
	play.unreadable = FREEHINT_QMP_QUERY;
	play.state[1] = "postcopy-active";
	play.interrupt = 2;
	play.again = true;
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_int_equal(play_times_said("reporting stays on; " FREEHINT_QMP_STOP " ends it"), 1);
	assert_int_equal(play_times_said("max-bandwidth stays 1000000, it was 1000"), 1);
}

/* Each look is asked for twice. */
static void a_look_that_cannot_be_read_is_repeated(void **state)
{
	play.unreadable_looks = 7;
	assert_int_equal(play_run(), CLI_OK);
	if (play_teardown(state) || play_setup(state))
		fail();
	play.state[1] = NULL;
	play.unreadable_looks = 1000000;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("running, when QEMU last answered it was active"), 1);
	assert_int_equal(play_times_said("cannot be read: update freehint"), 1);
}

static void a_guest_that_nobody_can_ask_for_is_named(void **state)
{
	play.state[1] = "failed";
	play.drop = "query-status";
	play.gone = true;
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play_times_said("it is unknown whether the guest runs here"), 1);
}

#define PLAYED(test) cmocka_unit_test_setup_teardown(test, play_setup, play_teardown)

RUN_TESTS(NULL, NULL,
		PLAYED(a_second_interrupt_leaves_a_silent_qemu),
		PLAYED(a_migration_that_may_have_begun_is_left),
		PLAYED(a_cancellation_that_is_not_answered_is_left),
		PLAYED(settings_of_a_silent_cancellation_are_named),
		PLAYED(interrupts_during_a_late_answer_cancel),
		PLAYED(a_late_answer_while_it_puts_back_is_waited_for),
		PLAYED(a_first_look_that_is_refused_is_lost),
		PLAYED(a_qemu_that_ends_in_the_middle_may_be_migrating),
		PLAYED(a_migration_that_has_not_begun_is_cancelled),
		PLAYED(that_it_has_not_begun_is_said),
		PLAYED(an_interrupt_before_it_has_begun_is_a_cancellation),
		PLAYED(the_largest_limit_is_put_back),
		PLAYED(an_answer_that_cannot_be_read_leaves_nothing_on),
		PLAYED(hints_that_cannot_be_read_prevent_no_migration),
		PLAYED(reporting_that_nobody_knows_of_is_named),
		PLAYED(a_look_that_cannot_be_read_is_repeated),
		PLAYED(a_guest_that_nobody_can_ask_for_is_named),
)
