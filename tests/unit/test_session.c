// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's session without its program: a loop that only writes down what it is
 * asked for, and a monitor in the same thread. What is watched and timed in every
 * state, and what is left of a connection when it ends.
 */
/* rig: tests/fakes/session_rig.c */
#include "include/freehint/limits.h"
#include "proto/host_request.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

static void attach(void)
{
	session_rig_attach();
	assert_true(session_rig.loop.timer[EVENT_POLL]);
}

static void nobody_there_is_tried_again_ever_later(void **state)
{
	u64 last = 0;
	int i;

	session_rig.conf.qmp = "/nonexistent/socket";
	session_connect(&session_rig.session);
	for (i = 0; i < 8; i++) {
		assert_true(session_rig.loop.timer[EVENT_RETRY]);
		assert_true(session_rig.loop.usec[EVENT_RETRY] >= last);
		last = session_rig.loop.usec[EVENT_RETRY];
		fire(EVENT_RETRY);
	}
	assert_true(last > 1000000 && last < 5000000);
	assert_int_equal(session_rig.session.note, NOTE_NO_SOCKET);
}

static bool hang_up_at_queries(struct fake_qmp *server, const char *name, json_int_t id)
{
	if (strcmp(name, "query-status"))
		return false;
	fake_qmp_hang_up(server);
	return true;
}

/* It speaks QMP so far, and was never of use. */
static void peer_that_answers_nothing_is_tried_again_ever_later(void **state)
{
	u64 last = 0;
	int i;

	session_rig.server.meddle = hang_up_at_queries;
	session_connect(&session_rig.session);
	for (i = 0; i < 5; i++) {
		talk();
		assert_int_equal(session_rig.session.qmp.state, QMP_DOWN);
		assert_true(session_rig.loop.usec[EVENT_RETRY] > last);
		last = session_rig.loop.usec[EVENT_RETRY];
		fire(EVENT_RETRY);
	}
	/* The next one is of use, and its successor is not kept waiting. */
	session_rig.server.meddle = NULL;
	talk();
	assert_non_null(session_rig.session.region.base);
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_int_equal(session_rig.loop.usec[EVENT_RETRY], 100000);
}

static void silent_monitor_is_told_after_a_while(void **state)
{
	session_rig.server.greeting = "";
	session_connect(&session_rig.session);
	talk();
	fire(EVENT_QUERY);
	assert_int_equal(session_rig.session.note, NOTE_NO_GREETING);
	assert_true(session_rig.loop.fd >= 0);
}

static void round_is_hinted_by_polls(void **state)
{
	attach();
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
	assert_int_equal(session_rig.server.round, 7);
	assert_int_equal(session_rig.server.count, 1);
}

static void poll_is_slow_until_reporting_is_on(void **state)
{
	attach();
	fire(EVENT_POLL);
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
	freehint_write_request(session_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	fire(EVENT_POLL);
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], session_rig.conf.poll_us);
	assert_true(session_rig.loop.usec[EVENT_QUERY] <= 20000);
	/* The guest forged it: QEMU says that reporting is off. */
	session_rig.server.state = "off";
	session_rig_query();
	fire(EVENT_POLL);
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], FREEHINT_POLL_IDLE_US);
}

static void end_of_a_connection_leaves_nothing(void **state)
{
	attach();
	session_rig_publish(7);
	session_rig.server.mute = true;
	fire(EVENT_POLL);
	assert_int_equal(session_rig.session.flow.batch.in_flight, 1);
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_int_equal(session_rig.session.qmp.state, QMP_DOWN);
	assert_int_equal(session_rig.session.note, NOTE_CLOSED);
	assert_null(session_rig.session.region.base);
	assert_int_equal(session_rig.session.flow.batch.in_flight, 0);
	assert_int_equal(session_rig.session.answers.pending, 0);
	assert_false(session_rig.loop.timer[EVENT_POLL]);
	assert_false(session_rig.loop.timer[EVENT_QUERY]);
	assert_int_equal(session_rig.loop.fd, -1);
	session_rig.server.mute = false;
	fire(EVENT_RETRY);
	talk();
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
}

static void events_of_an_old_poll_do_nothing(void **state)
{
	attach();
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	session_poll(&session_rig.session);
	session_query(&session_rig.session);
	assert_int_equal(session_rig.session.qmp.state, QMP_DOWN);
	assert_false(session_rig.loop.timer[EVENT_POLL]);
}

static void incoming_migration_keeps_the_region_shut(void **state)
{
	session_rig.server.runstate = "inmigrate";
	session_connect(&session_rig.session);
	talk();
	assert_null(session_rig.session.region.base);
	assert_int_equal(session_rig.session.note, NOTE_INCOMING);
	session_rig.server.runstate = "running";
	session_rig.server.status = "completed";
	session_rig_query();
	assert_non_null(session_rig.session.region.base);
}

static void every_obstacle_has_its_note(void **state)
{
	session_rig.server.bare = true;
	session_connect(&session_rig.session);
	talk();
	assert_int_equal(session_rig.session.note, NOTE_NO_EXTENSION);
	session_rig.server.bare = false;
	session_rig.server.instance = 0;
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_NOT_STARTED);
	session_rig.server.instance = SESSION_RIG_INSTANCE + 1;
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_WRONG_SHM);
	session_rig.server.instance = SESSION_RIG_INSTANCE;
	session_rig.server.size = 2 * SESSION_RIG_SIZE;
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_NO_SHM);
	session_rig.server.size = SESSION_RIG_SIZE;
	session_rig.shm->host_hello.version_min = FREEHINT_VERSION + 1;
	session_rig.shm->host_hello.version = FREEHINT_VERSION + 1;
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_VERSION);
	assert_null(session_rig.session.region.base);
	session_rig.shm->host_hello.version_min = FREEHINT_VERSION_MIN;
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
}

static void answers_that_never_come_are_waited_for(void **state)
{
	session_rig.server.mute = true;
	session_connect(&session_rig.session);
	talk();
	assert_int_equal(session_rig.session.answers.pending, 3);
	fire(EVENT_QUERY);
	fire(EVENT_QUERY);
	assert_int_equal(session_rig.session.answers.pending, 3);
	assert_true(session_rig.loop.usec[EVENT_QUERY] > 0);
	assert_int_equal(session_rig.session.qmp.state, QMP_UP);
}

static void once_ends_with_the_migration(void **state)
{
	session_rig.conf.once = true;
	session_rig.conf.json = true;
	attach();
	session_rig.server.status = "active";
	session_rig_query();
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	session_rig.server.status = "failed";
	session_rig_query();
	assert_true(session_rig.session.done);
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_NOT_COMPLETED);
}

/* As if nobody had spoken QMP for @seconds more. */
static void let_pass(u64 seconds)
{
	session_rig.session.disconnected_us -= seconds * 1000000;
	session_rig.session.connected_us -= seconds * 1000000;
}

static void hang_up(void)
{
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_int_equal(session_rig.session.qmp.state, QMP_DOWN);
}

/* QEMU is gone since now, and give_up_us is a minute. */
static void gives_up_after_a_minute(void)
{
	session_rig.conf.qmp = "/nonexistent/socket";
	fire(EVENT_RETRY);
	assert_false(session_rig.session.done);
	let_pass(60);
	fire(EVENT_RETRY);
	assert_true(session_rig.session.done);
}

static void qemu_that_is_gone_ends_a_faithful_agent(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	attach();
	let_pass(3600);
	hang_up();
	assert_false(session_rig.session.done);
	gives_up_after_a_minute();
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_OK);
	assert_int_equal(session_rig.session.note, NOTE_GAVE_UP);
	assert_false(session_rig.loop.timer[EVENT_RETRY]);
}

static void qemu_that_comes_back_is_followed_on(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	attach();
	hang_up();
	let_pass(3600);
	fire(EVENT_RETRY);
	talk();
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
	hang_up();
	assert_false(session_rig.session.done);
}

static void qemu_that_never_comes_is_not_waited_for_for_ever(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	session_rig.conf.qmp = "/nonexistent/socket";
	session_connect(&session_rig.session);
	assert_false(session_rig.session.done);
	let_pass(60);
	fire(EVENT_RETRY);
	assert_true(session_rig.session.done);
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_NO_QEMU);
}

/* What answers, but speaks something else, is no QEMU. */
static void stranger_is_not_waited_for_for_ever(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	session_rig.server.greeting = "220 welcome\r\n";
	session_connect(&session_rig.session);
	talk();
	assert_int_equal(session_rig.session.note, NOTE_NO_QMP);
	assert_false(session_rig.session.done);
	let_pass(60);
	fire(EVENT_RETRY);
	talk();
	assert_true(session_rig.session.done);
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_BAD_SOCKET);
}

/* It allocates its guest's memory, and greets when it has. */
static void qemu_that_takes_its_time_is_waited_for(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	session_rig.server.greeting = "";
	session_connect(&session_rig.session);
	talk();
	let_pass(3600);
	session_rig_query();
	assert_false(session_rig.session.done);
	assert_true(session_rig.loop.fd >= 0);
}

/* Another client had its monitor. Nobody has been away for longer than since its end. */
static void time_of_a_busy_monitor_does_not_count(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	session_rig.server.greeting = "";
	session_connect(&session_rig.session);
	talk();
	let_pass(3600);
	hang_up();
	assert_int_equal(session_rig.session.note, NOTE_CLOSED);
	assert_false(session_rig.session.done);
	gives_up_after_a_minute();
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_NO_QEMU);
}

/* Such as a proxy whose own peer is gone: no client had its monitor for so short a time. */
static void peer_that_closes_at_once_is_not_waited_for_for_ever(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	session_rig.server.greeting = "";
	session_connect(&session_rig.session);
	talk();
	hang_up();
	let_pass(60);
	fire(EVENT_RETRY);
	talk();
	assert_false(session_rig.session.done);
	hang_up();
	assert_true(session_rig.session.done);
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_BAD_SOCKET);
}

static void last_try_is_not_later_than_the_end(void **state)
{
	session_rig.conf.give_up_us = 60000000;
	session_rig.session.backoff_us = 2000000;
	session_rig.conf.qmp = "/nonexistent/socket";
	let_pass(59);
	session_connect(&session_rig.session);
	assert_true(session_rig.session.done || session_rig.loop.usec[EVENT_RETRY] <= 1000000);
}

static void without_the_option_it_waits_for_ever(void **state)
{
	attach();
	hang_up();
	session_rig.conf.qmp = "/nonexistent/socket";
	let_pass(3600);
	fire(EVENT_RETRY);
	assert_false(session_rig.session.done);
	assert_true(session_rig.loop.timer[EVENT_RETRY]);
}

/* QEMU is "completed" before it knows how long it took, and a destination never does. */
static void completed_without_a_time_is_asked_once_more(void **state)
{
	session_rig.conf.once = true;
	attach();
	session_rig.server.status = "active";
	session_rig_query();
	session_rig.server.status = "completed";
	session_rig.server.timeless = true;
	session_rig_query();
	assert_false(session_rig.session.done);
	session_rig_query();
	assert_true(session_rig.session.done);
	assert_int_equal(session_rig.session.exit_code, AGENT_EXIT_OK);
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(nobody_there_is_tried_again_ever_later),
		SESSION_TEST(peer_that_answers_nothing_is_tried_again_ever_later),
		SESSION_TEST(silent_monitor_is_told_after_a_while),
		SESSION_TEST(round_is_hinted_by_polls),
		SESSION_TEST(poll_is_slow_until_reporting_is_on),
		SESSION_TEST(end_of_a_connection_leaves_nothing),
		SESSION_TEST(events_of_an_old_poll_do_nothing),
		SESSION_TEST(incoming_migration_keeps_the_region_shut),
		SESSION_TEST(every_obstacle_has_its_note),
		SESSION_TEST(answers_that_never_come_are_waited_for),
		SESSION_TEST(once_ends_with_the_migration),
		SESSION_TEST(completed_without_a_time_is_asked_once_more),
		SESSION_TEST(qemu_that_is_gone_ends_a_faithful_agent),
		SESSION_TEST(qemu_that_comes_back_is_followed_on),
		SESSION_TEST(qemu_that_never_comes_is_not_waited_for_for_ever),
		SESSION_TEST(stranger_is_not_waited_for_for_ever),
		SESSION_TEST(qemu_that_takes_its_time_is_waited_for),
		SESSION_TEST(time_of_a_busy_monitor_does_not_count),
		SESSION_TEST(peer_that_closes_at_once_is_not_waited_for_for_ever),
		SESSION_TEST(last_try_is_not_later_than_the_end),
		SESSION_TEST(without_the_option_it_waits_for_ever),
)
