// SPDX-License-Identifier: GPL-2.0
/*
 * freehint give-back loses its QEMU: it goes on with the same one, and only with that.
 */
/* rig: tests/unit/give_back_tool_rig.h */
#include "tests/unit/give_back_tool_rig.h"

static void a_connection_that_breaks_is_made_again(void **state)
{
	play.drain = 5;
	play.hang_up = 2;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	assert_int_equal(play.server.connections, 2);
}

/* Of the QEMU that takes the place of the first one. */
static struct {
	const char *mode;
	u64 instance;
	bool bare;
} next;

static void restart(struct fake_qmp *server)
{
	server->mode = next.mode;
	server->asking = false;
	server->bytes = 0;
	server->instance = next.instance;
	server->bare = next.bare;
}

/* The third query finds another QEMU. */
static void will_restart(const char *mode)
{
	play.drain = 0;
	play.hang_up = 3;
	play.broken = restart;
	next.mode = mode;
	next.instance = 0;
	next.bare = false;
}

static void says_that_it_was_restarted(const char *option, unsigned int told)
{
	assert_int_equal(run_with(option), CLI_NO_ANSWER);
	assert_int_equal(play.server.connections, 2);
	assert_int_equal(play.server.give_backs, told);
	assert_string_equal(play.server.mode, next.mode);
	expect_text("QEMU was restarted meanwhile: nothing was changed in the new one");
	assert_null(strstr(play.text, "another client"));
	assert_null(strstr(play.text, "given back in"));
	assert_null(strstr(play.text, "which was on before"));
}

static void another_qemu_is_known_by_its_counters(void **state)
{
	play.server.bytes = 500 * MB;
	play.server.mode = "always";
	will_restart("off");
	says_that_it_was_restarted("--quiet", 1);
}

/* It would be switched off. */
static void an_interrupt_does_not_change_another_qemu(void **state)
{
	play.server.bytes = 500 * MB;
	play.interrupt = 3;
	will_restart("once");
	says_that_it_was_restarted("--quiet", 1);
	assert_null(strstr(play.text, "run freehint give-back again"));
}

/* The first one had given nothing. */
static void another_qemu_is_known_by_its_instance(void **state)
{
	play.bytes = 0;
	play.interrupt = 5;
	will_restart("always");
	next.instance = 5;
	assert_int_equal(run_with("--always"), CLI_NO_ANSWER);
	assert_int_equal(play.server.give_backs, 1);
	assert_string_equal(play.server.mode, "always");
	expect_text("another QEMU answers, or its guest was reset meanwhile: nothing was changed; "
		    "freehint give-back --stop ends asking");
}

static void reset_guest(struct fake_qmp *server)
{
	server->instance++;
}

/* It may be the same one, which still asks, and has lost the mode of before. */
static void a_reset_without_connection_names_what_may_be_lost(void **state)
{
	play.server.mode = "always";
	play.server.order = 9;
	play.server.leaves = 64;
	play.drain = 0;
	play.hang_up = 2;
	play.broken = reset_guest;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("or its guest was reset meanwhile");
	expect_text("mode always, which was on before, may be off now; freehint give-back --always "
		    "--order=9 --leave=64 sets it again");
}

static void a_guest_that_is_reset_is_no_other_qemu(void **state)
{
	play.looked = reset_guest;
	assert_int_equal(run_with("--quiet"), CLI_OK);
	expect_text("3.0 MB given back");
}

static void another_qemu_without_the_extension_is_known(void **state)
{
	will_restart("off");
	next.bare = true;
	says_that_it_was_restarted("--quiet", 1);
}

/* It would be sent once more. */
static void another_qemu_does_not_get_a_lost_command(void **state)
{
	play.server.bytes = 500 * MB;
	will_restart("off");
	play.hang_up = 0;
	play.lost = 1;
	says_that_it_was_restarted("--quiet", 0);
}

/* The guest was drained, and mode always would be set again. */
static void another_qemu_gets_no_mode_of_before(void **state)
{
	play.server.bytes = 500 * MB;
	play.server.mode = "always";
	will_restart("off");
	play.drain = 2;
	play.hang_up = 0;
	play.lost = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_int_equal(play.server.give_backs, 1);
	assert_string_equal(play.server.mode, "off");
	expect_text("QEMU was restarted meanwhile: nothing was changed in the new one");
}

#define SETS_AGAIN	"mode always, which was on before, is not restored; freehint give-back --always " \
			"--order=9 --leave=64 sets it again"

static void nobody_listens(struct fake_qmp *server)
{
	close(server->listener);
	server->listener = -1;
}

/* The mode that it has, and then it is gone. */
static void will_go(void)
{
	play.server.mode = "always";
	play.server.order = 9;
	play.server.leaves = 64;
	play.drain = 0;
	play.broken = nobody_listens;
}

static void the_mode_of_a_lost_qemu_is_named(void **state)
{
	will_go();
	play.hang_up = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	assert_string_equal(play.server.mode, "once");
	expect_text("goes on asking the guest; freehint give-back --stop ends it");
	expect_text(SETS_AGAIN);
}

static void the_mode_is_named_if_the_command_is_lost(void **state)
{
	will_go();
	play.lost = 1;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("QEMU may be asking the guest");
	expect_text("mode always, which was on before, may be off now");
}

static void the_mode_is_named_if_it_is_not_restored(void **state)
{
	will_go();
	play.drain = 2;
	play.lost = 2;
	assert_int_equal(run_with("--quiet"), CLI_NO_ANSWER);
	expect_text("given back in");
	expect_text(SETS_AGAIN);
}

/* An interrupt means the options of before. */
static void an_older_always_is_named_if_it_is_not_restored(void **state)
{
	will_go();
	play.interrupt = 2;
	play.lost = 2;
	assert_int_equal(run_with("--always"), CLI_NO_ANSWER);
	expect_text("interrupted, but QEMU still asks");
	expect_text(SETS_AGAIN);
}

/* Whoever has asked for always wants it, with the order of now. */
static void a_mode_that_was_meant_to_go_is_not_named(void **state)
{
	will_go();
	play.hang_up = 2;
	assert_int_equal(run_with("--always"), CLI_NO_ANSWER);
	assert_null(strstr(play.text, "which was on before"));
}

RUN_TESTS(NULL, NULL,
		TEST(a_connection_that_breaks_is_made_again),
		TEST(another_qemu_is_known_by_its_counters),
		TEST(an_interrupt_does_not_change_another_qemu),
		TEST(another_qemu_is_known_by_its_instance),
		TEST(a_reset_without_connection_names_what_may_be_lost),
		TEST(a_guest_that_is_reset_is_no_other_qemu),
		TEST(another_qemu_without_the_extension_is_known),
		TEST(another_qemu_does_not_get_a_lost_command),
		TEST(another_qemu_gets_no_mode_of_before),
		TEST(the_mode_of_a_lost_qemu_is_named),
		TEST(the_mode_is_named_if_the_command_is_lost),
		TEST(the_mode_is_named_if_it_is_not_restored),
		TEST(an_older_always_is_named_if_it_is_not_restored),
		TEST(a_mode_that_was_meant_to_go_is_not_named),
)
