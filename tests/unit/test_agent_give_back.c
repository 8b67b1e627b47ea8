// SPDX-License-Identifier: GPL-2.0
/*
 * When the agent has QEMU ask the guest for its free memory: each policy, a refusal, an
 * extension that is too old, a new connection, and the summary.
 */
/* rig: tests/fakes/session_rig.c */
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

static void attach(enum give_back_choice policy)
{
	session_rig.conf.give_back = policy;
	session_rig.conf.leave_mib = 64;
	session_rig.server.can_give_back = true;
	session_rig_attach();
}

static void hang_up_and_attach(void)
{
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	fire(EVENT_RETRY);
	talk();
	assert_non_null(session_rig.session.region.base);
}

static void off_sends_nothing(void **state)
{
	attach(GIVE_BACK_POLICY_OFF);
	session_rig_query();
	session_pressed(&session_rig.session);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
}

static void once_is_sent_after_the_attach(void **state)
{
	attach(GIVE_BACK_POLICY_ONCE);
	assert_int_equal(session_rig.loop.usec[EVENT_QUERY], 0);
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
	assert_string_equal(session_rig.server.mode, "once");
	assert_int_equal(session_rig.server.leave, 64);
	/* The queries of the same turn have seen what it changed. */
	assert_true(session_rig.session.answers.now.give_back.asking);
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
}

/* An agent that is started again must not end what an administrator wants to last. */
static void once_does_not_end_what_lasts(void **state)
{
	session_rig.server.mode = "always";
	attach(GIVE_BACK_POLICY_ONCE);
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
	assert_string_equal(session_rig.server.mode, "always");
}

/* QEMU refused at first, and somebody else was sooner than the next try. */
static void a_retry_of_once_does_not_end_what_lasts(void **state)
{
	session_rig.server.give_back_refusal = "no guest module";
	attach(GIVE_BACK_POLICY_ONCE);
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
	session_rig.server.give_back_refusal = NULL;
	session_rig.server.mode = "always";
	session_rig_query();
	session_rig.session.give_back.due_us = 0;
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
	assert_string_equal(session_rig.server.mode, "always");
}

static void always_is_sent_again_to_the_next_qemu(void **state)
{
	attach(GIVE_BACK_POLICY_ALWAYS);
	session_rig_query();
	assert_string_equal(session_rig.server.mode, "always");
	hang_up_and_attach();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 2);
}

/* Somebody has turned it off: nobody turns it on again behind their back. */
static void what_was_turned_off_stays_off(void **state)
{
	attach(GIVE_BACK_POLICY_ALWAYS);
	session_rig_query();
	session_rig.server.mode = "off";
	session_rig.server.asking = false;
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
}

static void refusal_is_tried_again_ever_later(void **state)
{
	u64 last = 0;
	int i;

	attach(GIVE_BACK_POLICY_ALWAYS);
	session_rig.server.give_back_refusal = "the guest's module is not loaded";
	for (i = 1; i < 6; i++) {
		session_rig_query();
		assert_int_equal(session_rig.server.give_backs, i);
		assert_true(session_rig.session.give_back.backoff_us > last);
		last = session_rig.session.give_back.backoff_us;
		/* Not yet. */
		session_rig_query();
		assert_int_equal(session_rig.server.give_backs, i);
		session_rig.session.give_back.due_us = 0;
	}
	session_rig.server.give_back_refusal = NULL;
	session_rig_query();
	assert_string_equal(session_rig.server.mode, "always");
	assert_string_equal(session_rig.session.give_back.refused, "");
}

static void old_extension_is_not_asked(void **state)
{
	session_rig.conf.give_back = GIVE_BACK_POLICY_ALWAYS;
	session_rig_attach();
	session_rig_query();
	session_pressed(&session_rig.session);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
	assert_int_equal(session_rig.session.qmp.state, QMP_UP);
	/* Hints go on. */
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
}

static void pressure_is_waited_for(void **state)
{
	attach(GIVE_BACK_POLICY_PRESSURE);
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
	session_pressed(&session_rig.session);
	session_rig_query();
	assert_int_equal(session_rig.loop.usec[EVENT_QUERY], 0);
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
	assert_string_equal(session_rig.server.mode, "once");
	/* Drained, and the host is short again: not at once. */
	session_rig.server.mode = "off";
	session_rig.server.asking = false;
	session_rig.server.drained = true;
	session_rig_query();
	session_pressed(&session_rig.session);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
	session_rig.session.give_back.due_us = 0;
	session_pressed(&session_rig.session);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 2);
}

static void pressure_does_not_end_what_others_began(void **state)
{
	attach(GIVE_BACK_POLICY_PRESSURE);
	session_rig.server.mode = "always";
	session_rig.server.asking = true;
	session_rig_query();
	session_pressed(&session_rig.session);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
}

/*
 * An administrator has set a mode in a migration: nobody was woken, and the last answer of
 * QEMU's is seconds old.
 */
static void pressure_asks_qemu_before_it_decides(void **state)
{
	attach(GIVE_BACK_POLICY_PRESSURE);
	session_rig_query();
	session_rig.server.mode = "always";
	session_pressed(&session_rig.session);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
	assert_string_equal(session_rig.server.mode, "always");
}

/* The answers that come now were asked for before. */
static void pressure_does_not_take_an_older_answer(void **state)
{
	attach(GIVE_BACK_POLICY_PRESSURE);
	session_rig_query();
	fire(EVENT_QUERY);
	session_pressed(&session_rig.session);
	talk();
	session_rig.server.mode = "always";
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
}

static void pressure_before_the_attach_is_forgotten(void **state)
{
	session_rig.conf.give_back = GIVE_BACK_POLICY_PRESSURE;
	session_pressed(&session_rig.session);
	attach(GIVE_BACK_POLICY_PRESSURE);
	session_rig_query();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 0);
}

static void lost_answer_does_not_block_the_next(void **state)
{
	attach(GIVE_BACK_POLICY_ONCE);
	session_rig.server.mute = true;
	session_rig_query();
	assert_true(session_rig.session.give_back.pending);
	session_rig.server.mute = false;
	hang_up_and_attach();
	session_rig_query();
	assert_int_equal(session_rig.server.give_backs, 1);
}

/* What others had QEMU ask for is summed up, too. */
static void summary_has_what_was_given_back(void **state)
{
	attach(GIVE_BACK_POLICY_OFF);
	session_rig.server.bytes = 4096;
	session_rig.server.mode = "once";
	session_rig.server.asking = true;
	session_rig_query();
	assert_true(session_rig.session.give_back.summary_due);
	assert_int_equal(session_rig.session.give_back.bytes_at_begin, 4096);
	assert_true(session_rig.loop.usec[EVENT_QUERY] <= 200000);
	session_rig.server.bytes = 8192;
	session_rig.server.mode = "off";
	session_rig.server.asking = false;
	session_rig.server.drained = true;
	session_rig_query();
	assert_false(session_rig.session.give_back.summary_due);
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(off_sends_nothing),
		SESSION_TEST(once_is_sent_after_the_attach),
		SESSION_TEST(once_does_not_end_what_lasts),
		SESSION_TEST(a_retry_of_once_does_not_end_what_lasts),
		SESSION_TEST(always_is_sent_again_to_the_next_qemu),
		SESSION_TEST(what_was_turned_off_stays_off),
		SESSION_TEST(refusal_is_tried_again_ever_later),
		SESSION_TEST(old_extension_is_not_asked),
		SESSION_TEST(pressure_is_waited_for),
		SESSION_TEST(pressure_does_not_end_what_others_began),
		SESSION_TEST(pressure_asks_qemu_before_it_decides),
		SESSION_TEST(pressure_does_not_take_an_older_answer),
		SESSION_TEST(pressure_before_the_attach_is_forgotten),
		SESSION_TEST(lost_answer_does_not_block_the_next),
		SESSION_TEST(summary_has_what_was_given_back),
)
