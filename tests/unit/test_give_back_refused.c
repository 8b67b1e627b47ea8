// SPDX-License-Identifier: GPL-2.0
/*
 * freehint give-back against a QEMU that refuses, at once or when its guest was asked: the user
 * learns why, and what is on afterwards.
 */
/* rig: tests/unit/give_back_tool_rig.h */
#include "tests/unit/give_back_tool_rig.h"

static void a_refusal_is_told(void **state)
{
	play.server.give_back_refusal = "memory backend 'ram' has prealloc=on";
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("memory backend 'ram' has prealloc=on");
}

/* The guest finds out only when it is asked: the command itself was accepted. */
static void what_is_refused_later_ends_it(void **state)
{
	play.drain = 0;
	play.refused = 1;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "off");
	assert_null(strstr(play.text, "goes on by itself"));
	expect_text("refused: " BUSY);
	expect_text("QEMU asks the guest no longer");
}

/* Until its module has come back there is no hello, which QEMU counts as a refusal. */
static void a_guest_that_reboots_is_waited_for(void **state)
{
	play.refused = 2;
	play.allowed = 8;
	play.drain = 12;
	play.reboots = true;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	expect_text("paused: " BUSY "; it goes on by itself");
}

/* QEMU would refuse "always" now. */
static void what_cannot_be_restored_is_named(void **state)
{
	play.server.mode = "always";
	play.drain = 0;
	play.refused = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "off");
	expect_text("mode always, which was on before");
	expect_text("sets it again when that is over");
}

/* It was to last, and what stands against it may go away. */
static void always_stays_on_although_it_is_refused(void **state)
{
	play.drain = 0;
	play.refused = 2;
	assert_int_equal(run_with("--always"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 1);
	expect_text("refused: " BUSY);
	expect_text("--stop");
}

/* The guest publishes its hello again, and QEMU looked in between. */
static void a_moment_is_no_refusal(void **state)
{
	play.refused = 2;
	play.allowed = 3;
	play.drain = 5;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_null(strstr(play.text, BUSY));
}

static void what_another_client_wants_stays_although_it_is_refused(void **state)
{
	play.drain = 0;
	play.refused = 2;
	play.stopper = "always";
	play.stop_at = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 1);
}

RUN_TESTS(NULL, NULL,
		TEST(a_refusal_is_told),
		TEST(what_is_refused_later_ends_it),
		TEST(a_guest_that_reboots_is_waited_for),
		TEST(what_cannot_be_restored_is_named),
		TEST(always_stays_on_although_it_is_refused),
		TEST(a_moment_is_no_refusal),
		TEST(what_another_client_wants_stays_although_it_is_refused),
)
