// SPDX-License-Identifier: GPL-2.0
/*
 * Ctrl-C in freehint give-back: it restores what was found, does nothing before the first
 * command, and ends the tool also while QEMU is silent.
 */
/* rig: tests/unit/give_back_tool_rig.h */
#include "tests/unit/give_back_tool_rig.h"

static void an_interrupt_stops_asking(void **state)
{
	play.drain = 0;
	play.interrupt = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "off");
	expect_text("QEMU asks the guest no longer");
}

static void an_interrupt_restores_what_was_found(void **state)
{
	play.server.mode = "always";
	play.drain = 0;
	play.interrupt = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "always");
	expect_text("goes on as before");
}

/* Without an agent there is no other end, and nobody else gets the monitor. Not under nohup. */
static void a_terminal_that_is_gone_stops_asking(void **state)
{
	play.drain = 20;
	play.interrupt = 2;
	play.signal = SIGHUP;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(run_with("--quiet"), CLI_OK);
	signal(SIGHUP, SIG_DFL);
	play.over = false;
	play.looks = 0;
	play.server.drained = false;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	expect_text("QEMU asks the guest no longer");
}

/* Ctrl-C and Ctrl-\ of the script's terminal are not for what it runs in its background. */
static void what_was_ignored_stops_nothing(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (i && (teardown(state) || setup(state)))
			fail();
		play.interrupt = 1;
		play.signal = signals[i];
		signal(signals[i], SIG_IGN);
		assert_int_equal(run_with("--quiet"), CLI_OK);
		signal(signals[i], SIG_DFL);
	}
}

static void the_other_key_of_a_terminal_stops_asking(void **state)
{
	play.drain = 0;
	play.interrupt = 2;
	play.signal = SIGQUIT;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "off");
	expect_text("QEMU asks the guest no longer");
}

static void what_another_client_wants_stays(void **state)
{
	play.drain = 0;
	play.stopper = "always";
	play.stop_at = 2;
	play.interrupt = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 1);
}

/* A QEMU that is stopped, or serves another client: nothing is to be undone. */
static void an_interrupt_ends_the_wait_for_a_greeting(void **state)
{
	play.server.greeting = "";
	play.presses = 1;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	assert_int_equal(play.server.commands, 0);
	expect_text("interrupted before QEMU was told anything");
}

static void an_interrupt_comes_before_a_late_greeting(void **state)
{
	static const char *const options[] = { "--quiet", "--always", "--stop" };
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (i && (teardown(state) || setup(state)))
			fail();
		play.late_greeting = play.server.greeting;
		play.server.greeting = "";
		play.server.mode = "always";
		play.presses = 1;
		assert_int_equal(run_with(options[i]), CLI_NOT_MIGRATED);
		assert_int_equal(play.server.give_backs, 0);
		assert_string_equal(play.server.mode, "always");
		expect_text("interrupted before QEMU was told anything");
	}
}

/* It was sent before, and means the same. */
static void an_interrupt_does_not_end_a_stop(void **state)
{
	play.server.mode = "always";
	play.late = true;
	assert_int_equal(run_with("--stop"), CLI_OK);
	assert_string_equal(play.server.mode, "off");
	assert_int_equal(play.server.connections, 1);
}

/* The first one would stop asking, and QEMU does not hear it. */
static void a_second_interrupt_ends_the_wait_for_a_silent_qemu(void **state)
{
	play.drain = 0;
	play.mute_at = 2;
	play.presses = ENDLESS;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_int_equal(play.server.give_backs, 1);
	expect_text("QEMU, if it still runs, goes on asking the guest");
}

RUN_TESTS(NULL, NULL,
		TEST(an_interrupt_stops_asking),
		TEST(an_interrupt_restores_what_was_found),
		TEST(a_terminal_that_is_gone_stops_asking),
		TEST(what_was_ignored_stops_nothing),
		TEST(the_other_key_of_a_terminal_stops_asking),
		TEST(what_another_client_wants_stays),
		TEST(an_interrupt_ends_the_wait_for_a_greeting),
		TEST(an_interrupt_comes_before_a_late_greeting),
		TEST(an_interrupt_does_not_end_a_stop),
		TEST(a_second_interrupt_ends_the_wait_for_a_silent_qemu),
)
