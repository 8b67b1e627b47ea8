// SPDX-License-Identifier: GPL-2.0
/*
 * freehint migrate against a QEMU that plays every state of a migration: Ctrl-C cancels
 * where the guest is here and nowhere else, and what was changed is put back.
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
#include <signal.h>

#include "host-agent/cli/migrate/migration_state.h"
#include "tests/fakes/fake_migration.h"
#include "tests/unit/unit.h"

static void a_migration_that_completes_keeps_what_was_set(void **state)
{
	assert_int_equal(play_run(), CLI_OK);
	play_assert_still_changed();
}

static void a_migration_that_fails_puts_back(void **state)
{
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	play_assert_put_back();
}

static void a_migration_that_is_refused_puts_back(void **state)
{
	play.refuse = "migrate";
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	play_assert_put_back();
}

static void limits_that_are_refused_put_reporting_back(void **state)
{
	play.refuse = "migrate-set-parameters";
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_false(play.begun);
	play_assert_put_back();
}

static void an_interrupt_before_the_first_command_begins_nothing(void **state)
{
	play.early = true;
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_false(play.begun);
	play_assert_put_back();
}

static void a_migration_that_is_under_way_is_left_alone(void **state)
{
	play.earlier = "postcopy-active";
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_false(play.begun);
	assert_int_equal(play_times_said("running already, postcopy-active"), 1);
	play_assert_put_back();
}

static void a_migration_after_a_failed_one_begins(void **state)
{
	play.earlier = "failed";
	assert_int_equal(play_run(), CLI_OK);
}

static void reporting_that_was_on_stays_on(void **state)
{
	play.server.state = "ready";
	play.reporting = true;
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_true(play.reporting);
}

/* QEMU says "failed" before the extension has put back the limit. */
static void the_limit_of_a_held_stop_is_nobodys(void **state)
{
	play.limit = "500";
	play.held = 3;
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play.downtime, 300);
	assert_int_equal(play_times_said("another client"), 0);
}

static void what_somebody_else_has_set_stays(void **state)
{
	play.meddler = 77;
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play.bandwidth, 77);
	assert_int_equal(play.downtime, 300);
}

static void an_interrupt_cancels_while_the_guest_is_here(void **state)
{
	static const char *const here[] = { "setup", "wait-unplug", "active", "pre-switchover" };
	size_t i;

	for (i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.state[0] = here[i];
		play.state[1] = NULL;
		play.interrupt = 1;
		assert_int_equal(play_run(), CLI_NOT_MIGRATED);
		assert_int_equal(play.cancels, 1);
		play_assert_put_back();
	}
}

/* The user may just close the terminal. */
static void a_hangup_cancels_nothing(void **state)
{
	play.interrupt = 1;
	play.signal = SIGHUP;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play.cancels, 0);
}

static void an_interrupt_cancels_nothing_once_the_guest_has_gone(void **state)
{
	static const char *const gone[] = {
		"device", "postcopy-device", "postcopy-active", "postcopy-paused",
		"postcopy-recover-setup", "postcopy-recover", "colo", "never-heard-of",
	};
	size_t i;

	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.state[0] = play.state[1] = play.state[2] = gone[i];
		play.state[3] = "completed";
		play.interrupt = 1;
		assert_int_equal(play_run(), CLI_OK);
		assert_int_equal(play.cancels, 0);
		assert_int_equal(play_times_said("not cancelled"), 1);
	}
}

/* QEMU 7.2 calls it "active" until the guest is over there. */
static void an_interrupt_cancels_nothing_while_the_guest_is_handed_over(void **state)
{
	play.server.runstate = "finish-migrate";
	play.state[1] = play.state[2] = play.state[3] = "active";
	play.state[4] = "completed";
	play.interrupt = 1;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play.cancels, 0);
	assert_int_equal(play_times_said("not cancelled"), 1);
}

static void a_cancellation_that_is_refused_is_said_once(void **state)
{
	play.refuse = "migrate_cancel";
	play.state[1] = play.state[2] = play.state[3] = play.state[4] = "active";
	play.state[5] = "completed";
	play.interrupt = 1;
	assert_int_equal(play_run(), CLI_OK);
	assert_int_equal(play.cancels, 1);
	assert_int_equal(play_times_said("will not"), 1);
}

static void a_second_interrupt_leaves_the_migration_to_itself(void **state)
{
	play.state[0] = "postcopy-active";
	play.state[1] = NULL;
	play.interrupt = 1;
	play.again = true;
	assert_int_equal(play_run(), CLI_DETACHED);
	assert_int_equal(play.cancels, 0);
	play_assert_still_changed();
	assert_non_null(strstr(play.text, "max-bandwidth stays 1000000, it was 1000"));
}

static void a_connection_that_breaks_is_made_again(void **state)
{
	play.state[1] = play.state[2] = play.state[3] = "active";
	play.state[4] = "failed";
	play.hang_up = 2;
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play.server.connections, 2);
	play_assert_put_back();
}

static void a_migration_whose_answer_is_lost_is_watched(void **state)
{
	play.lose = "migrate";
	assert_int_equal(play_run(), CLI_OK);
	assert_true(play.begun);
	assert_int_equal(play_times_said("the migration may have begun"), 1);
	play_assert_still_changed();
	if (play_teardown(state) || play_setup(state))
		fail();
	play.lose = "migrate";
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	play_assert_put_back();
}

/* What QEMU says afterwards is of an earlier migration. */
static void a_migration_that_was_not_taken_puts_back(void **state)
{
	static const char *const earlier[] = { NULL, "failed", "completed" };
	size_t i;

	for (i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.earlier = earlier[i];
		play.drop = "migrate";
		assert_int_equal(play_run(), CLI_NO_ANSWER);
		assert_int_equal(play_times_said("the migration has not begun"), 1);
		assert_false(play.begun);
		play_assert_put_back();
	}
}

static void a_qemu_that_is_gone_may_be_migrating(void **state)
{
	play.lose = "migrate";
	play.gone = true;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("a migration may be running; query-migrate"), 1);
	assert_int_equal(play_times_said("the migration has not begun"), 0);
	assert_int_equal(play_times_said("max-bandwidth may be 1000000, it was 1000"), 1);
	assert_int_equal(play_times_said("reporting may be on"), 1);
}

/* Another process listens at the path, and its settings are not those that were changed. */
static void a_qemu_that_was_replaced_is_not_watched(void **state)
{
	play.state[1] = "none";
	play.hang_up = 2;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play.server.connections, 2);
	assert_int_equal(play_times_said("QEMU was restarted meanwhile"), 1);
	assert_int_equal(play_times_said("another client"), 0);
	play_assert_still_changed();
}

static void settings_whose_answer_is_lost_are_put_back(void **state)
{
	static const char *const changes[] = { "migrate-set-parameters", FREEHINT_QMP_START };
	size_t i;

	for (i = 0; i < 2 * sizeof(changes) / sizeof(changes[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		*(i % 2 ? &play.lose : &play.drop) = changes[i / 2];
		play.state[1] = "failed";
		assert_int_equal(play_run(), CLI_NOT_MIGRATED);
		assert_int_equal(play_times_said("another client"), 0);
		play_assert_put_back();
	}
}

static void settings_that_nobody_knows_are_named(void **state)
{
	play.lose = "migrate-set-parameters";
	play.gone = true;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_false(play.begun);
	assert_int_equal(play_times_said("max-bandwidth may be 1000000, it was 1000"), 1);
	assert_int_equal(play_times_said("downtime-limit may be 1, it was 300"), 1);
	assert_int_equal(play_times_said("a migration may be running"), 0);
	if (play_teardown(state) || play_setup(state))
		fail();
	play.lose = FREEHINT_QMP_START;
	play.gone = true;
	assert_int_equal(play_run(), CLI_NO_ANSWER);
	assert_int_equal(play_times_said("reporting may be on, it was off"), 1);
}

static void a_connection_that_breaks_while_it_puts_back_is_made_again(void **state)
{
	static const char *const breaks[] = {
		FREEHINT_QMP_STOP, "query-status", FREEHINT_QMP_QUERY,
	};
	size_t i;

	for (i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.drop = breaks[i];
		play.state[1] = "failed";
		play.server.runstate = "postmigrate";
		assert_int_equal(play_run(), CLI_NOT_MIGRATED);
		assert_int_equal(play_times_said("run cont to continue it"), 1);
		play_assert_put_back();
	}
}

static void a_cancellation_whose_answer_is_lost_is_not_forgotten(void **state)
{
	static const char *const dropped[] = { "migrate_cancel", "query-status", NULL };
	size_t i;

	for (i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		if (i && (play_teardown(state) || play_setup(state)))
			fail();
		play.drop = dropped[i];
		play.lose = dropped[i] ? NULL : "migrate_cancel";
		play.state[1] = NULL;
		play.interrupt = 1;
		assert_int_equal(play_run(), CLI_NOT_MIGRATED);
		assert_int_equal(play.cancels, 1);
		assert_int_equal(play_times_said("not cancelled"), 0);
		play_assert_put_back();
	}
}

static void a_guest_that_is_left_stopped_is_named(void **state)
{
	play.server.runstate = "postmigrate";
	play.state[1] = "failed";
	assert_int_equal(play_run(), CLI_NOT_MIGRATED);
	assert_int_equal(play_times_said("run cont to continue it"), 1);
}

static void a_state_that_waits_for_somebody_says_for_whom(void **state)
{
	static const char *const waits[] = {
		"pre-switchover", "postcopy-paused", "postcopy-recover", "wait-unplug",
		"postcopy-recover-setup", "colo", "device", "setup", "never-heard-of",
	};
	size_t i;

	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		assert_non_null(migration_state_find(waits[i])->waits);
	assert_null(migration_state_find("active")->waits);
	assert_int_equal(migration_state_find("never-heard-of")->stage, STAGE_UNKNOWN);
}

/* QEMU takes migrate-pause in this state since 8.2 only; 7.2 answers with an error. */
static void advice_that_needs_a_newer_qemu_says_so(void **state)
{
	const char *advice = migration_state_find("postcopy-recover")->waits;

	assert_non_null(strstr(advice, "since QEMU 8.2 migrate-pause"));
	assert_non_null(strstr(advice, "an older QEMU cannot end it: keep both sides running"));
}

#define PLAYED(test) cmocka_unit_test_setup_teardown(test, play_setup, play_teardown)

RUN_TESTS(NULL, NULL,
		PLAYED(a_migration_that_completes_keeps_what_was_set),
		PLAYED(a_migration_that_fails_puts_back),
		PLAYED(a_migration_that_is_refused_puts_back),
		PLAYED(limits_that_are_refused_put_reporting_back),
		PLAYED(an_interrupt_before_the_first_command_begins_nothing),
		PLAYED(a_migration_that_is_under_way_is_left_alone),
		PLAYED(a_migration_after_a_failed_one_begins),
		PLAYED(reporting_that_was_on_stays_on),
		PLAYED(the_limit_of_a_held_stop_is_nobodys),
		PLAYED(what_somebody_else_has_set_stays),
		PLAYED(an_interrupt_cancels_while_the_guest_is_here),
		PLAYED(a_hangup_cancels_nothing),
		PLAYED(an_interrupt_cancels_nothing_once_the_guest_has_gone),
		PLAYED(an_interrupt_cancels_nothing_while_the_guest_is_handed_over),
		PLAYED(a_cancellation_that_is_refused_is_said_once),
		PLAYED(a_second_interrupt_leaves_the_migration_to_itself),
		PLAYED(a_connection_that_breaks_is_made_again),
		PLAYED(a_migration_whose_answer_is_lost_is_watched),
		PLAYED(a_migration_that_was_not_taken_puts_back),
		PLAYED(a_qemu_that_is_gone_may_be_migrating),
		PLAYED(a_qemu_that_was_replaced_is_not_watched),
		PLAYED(settings_whose_answer_is_lost_are_put_back),
		PLAYED(settings_that_nobody_knows_are_named),
		PLAYED(a_connection_that_breaks_while_it_puts_back_is_made_again),
		PLAYED(a_cancellation_whose_answer_is_lost_is_not_forgotten),
		PLAYED(a_guest_that_is_left_stopped_is_named),
		cmocka_unit_test(advice_that_needs_a_newer_qemu_says_so),
		cmocka_unit_test(a_state_that_waits_for_somebody_says_for_whom),
)
