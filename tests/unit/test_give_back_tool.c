// SPDX-License-Identifier: GPL-2.0
/*
 * freehint give-back against a QEMU that asks its guest: it ends with the guest's last block, and
 * restores a mode that was to last.
 */
/* rig: tests/unit/give_back_tool_rig.h */
#include "tests/unit/give_back_tool_rig.h"

static void ends_with_the_last_block(void **state)
{
	assert_int_equal(run_with("--leave=5"), CLI_OK);
	assert_int_equal(play.server.leave, 5);
	assert_int_equal(play.server.give_backs, 1);
	expect_text("3.0 MB given back in 0.00 s, 100.0 MB resident before, 97.0 MB after");
}

/* The guest's kernel has an order since its boot: the lower one that was given is no reason. */
static void nothing_at_a_given_order_has_a_word(void **state)
{
	play.bytes = 0;
	assert_int_equal(run_with("--order=1"), CLI_OK);
	expect_text("since the guest's boot");
	play.over = false;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_null(strstr(play.text, "since the guest's boot"));
}

static void always_stays_on_after_the_first_time(void **state)
{
	assert_int_equal(run_with("--always"), CLI_OK);
	assert_string_equal(play.server.mode, "always");
	assert_true(play.server.asking);
}

static void stop_turns_it_off(void **state)
{
	play.server.mode = "always";
	play.server.asking = true;
	assert_int_equal(run_with("--stop"), CLI_OK);
	assert_string_equal(play.server.mode, "off");
}

static void one_time_does_not_end_what_lasts(void **state)
{
	play.server.mode = "always";
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_string_equal(play.server.mode, "always");
	assert_int_equal(play.server.give_backs, 2);
}

static void another_client_can_stop_it(void **state)
{
	play.drain = 0;
	play.stopper = "off";
	play.stop_at = 2;
	assert_int_equal(run_with("--quiet"), CLI_NOT_MIGRATED);
	expect_text("another client has stopped it");
}

static void a_pause_is_named_once(void **state)
{
	const char *said;

	play.server.paused = "a migration runs";
	play.drain = 5;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	expect_text("paused: a migration runs");
	said = strstr(play.text, "paused");
	assert_null(strstr(said + 1, "paused"));
}

static void an_old_extension_is_told(void **state)
{
	play.server.can_give_back = false;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("update freehint-qemu.so");
	play.over = false;
	play.server.bare = true;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("runs without the extension");
	play.over = false;
	assert_int_equal(run_with("--stop"), CLI_NO_ANSWER);
	expect_text("runs without the extension");
	play.over = false;
	play.server.bare = false;
	assert_int_equal(run_with("--stop"), CLI_NO_ANSWER);
	expect_text("update freehint-qemu.so");
}

RUN_TESTS(NULL, NULL,
		TEST(ends_with_the_last_block),
		TEST(nothing_at_a_given_order_has_a_word),
		TEST(always_stays_on_after_the_first_time),
		TEST(stop_turns_it_off),
		TEST(one_time_does_not_end_what_lasts),
		TEST(another_client_can_stop_it),
		TEST(a_pause_is_named_once),
		TEST(an_old_extension_is_told),
)
