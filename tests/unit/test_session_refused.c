// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent's metrics say of a guest that gets no hints: that they are refused, or that it
 * has no module, was not started yet, or arrives by a migration. And how often QEMU is asked then.
 */
/* rig: tests/fakes/session_rig.c */
#include <sys/socket.h>
#include <unistd.h>

#include "include/freehint/qmp_names.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define MISSING	FREEHINT_REFUSED_NO_MODULE "; load freehint.ko in the guest"

static int pair[2];

static int setup(void **state)
{
	return session_rig_setup_metrics(pair);
}

static int teardown(void **state)
{
	close(pair[0]);
	close(pair[1]);
	return session_rig_teardown(state);
}

/* The metrics after one more set of queries. */
static void look(void)
{
	char text[METRICS_TEXT];

	if (session_rig.session.qmp.state == QMP_DOWN)
		session_connect(&session_rig.session);
	else
		fire(EVENT_QUERY);
	/* As if the last text had been sent an hour ago. */
	session_rig.session.metrics.sent_us = 0;
	talk();
	while (recv(pair[1], text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

static bool is(const char *name)
{
	char line[128];

	snprintf(line, sizeof(line), "\nfreehint_%s{vm=\"vm1\"} ", name);
	assert_non_null(strstr(session_rig.session.metrics.text, line));
	return strstr(session_rig.session.metrics.text, line)[strlen(line)] == '1';
}

/* An extension that is loaded without effect has no region, no guest and no instance. */
static void extension_without_effect_is_refused(void **state)
{
	session_rig.server.refuses = "this QEMU is not in the tested series";
	session_rig.server.guest_left = true;
	session_rig.server.instance = 0;
	session_rig.server.size = 0;
	look();
	assert_true(is("connected") && is("refused"));
	assert_false(is("attached") || is("guest_present") || is("incoming"));
	assert_string_equal(session_rig.session.refused, session_rig.server.refuses);
}

static void qemu_without_extension_is_refused(void **state)
{
	session_rig.server.bare = true;
	look();
	assert_true(is("connected") && is("refused"));
	look();
	assert_true(is("connected") && is("refused"));
}

/* Whether the agent was there before the other guest or not. */
static void two_guests_with_one_file_are_refused(void **state)
{
	look();
	assert_true(is("attached") && is("guest_present"));
	assert_false(is("refused"));
	session_rig.server.refuses = "another guest that runs uses the same shared memory";
	session_rig.server.guest_left = true;
	look();
	assert_true(is("attached") && is("refused"));
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_false(is("refused") || is("connected"));
	memset(&session_rig.shm->host_hello, 0, sizeof(session_rig.shm->host_hello));
	look();
	assert_true(is("connected") && is("refused"));
	assert_false(is("attached"));
}

static void memory_that_cannot_be_mapped_is_refused(void **state)
{
	session_rig.server.instance = SESSION_RIG_INSTANCE + 1;
	look();
	assert_true(is("connected") && is("refused"));
	session_rig.server.instance = SESSION_RIG_INSTANCE;
	session_rig.server.size = 2 * SESSION_RIG_SIZE;
	look();
	assert_true(is("connected") && is("refused"));
	session_rig.server.size = SESSION_RIG_SIZE;
	look();
	assert_true(is("attached"));
	assert_false(is("refused"));
}

static void guest_that_refuses_is_refused(void **state)
{
	session_rig.server.refuses = "the guest's administrator switched reporting off (report=0)";
	look();
	assert_true(is("attached") && is("guest_present") && is("refused"));
}

static void missing_module_is_not_refused(void **state)
{
	session_rig.server.refuses = MISSING;
	session_rig.server.guest_left = true;
	look();
	assert_true(is("connected") && is("attached"));
	assert_false(is("guest_present") || is("refused"));
}

static void guest_that_was_not_started_is_not_refused(void **state)
{
	session_rig.server.refuses = "the guest has not run here yet";
	session_rig.server.runstate = "prelaunch";
	session_rig.server.guest_left = true;
	session_rig.server.instance = 0;
	session_rig.server.size = 0;
	look();
	assert_true(is("connected"));
	assert_false(is("attached") || is("refused") || is("incoming"));
}

/* Also when its guest runs already, and the agent came too late to see the direction. */
static void incoming_migration_is_not_refused(void **state)
{
	session_rig.server.refuses = "the incoming migration has not completed";
	session_rig.server.runstate = "inmigrate";
	session_rig.server.guest_left = true;
	look();
	assert_true(is("connected") && is("incoming"));
	assert_false(is("attached") || is("refused"));
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_false(is("incoming"));
	session_rig.server.runstate = "running";
	session_rig.server.status = "postcopy-active";
	look();
	assert_true(is("incoming"));
	assert_false(is("refused"));
	session_rig.server.status = "completed";
	session_rig.server.refuses = NULL;
	session_rig.server.guest_left = false;
	look();
	look();
	assert_true(is("attached"));
	assert_false(is("incoming") || is("refused"));
}

/* As if QEMU had greeted an hour ago. */
static u64 period_after_an_hour(void)
{
	session_rig.session.up_us -= 3600000000ULL;
	look();
	return session_rig.loop.usec[EVENT_QUERY];
}

static void obstacle_that_stays_is_not_asked_about_all_the_time(void **state)
{
	extension_without_effect_is_refused(state);
	assert_true(session_rig.loop.usec[EVENT_QUERY] >= 5000000);
	assert_true(period_after_an_hour() >= 5000000);
}

static void guest_that_stays_stopped_is_not_asked_about_all_the_time(void **state)
{
	guest_that_was_not_started_is_not_refused(state);
	assert_true(period_after_an_hour() >= 1000000);
	/* It is started, and its QEMU says so. */
	session_rig.server.runstate = "running";
	session_rig.server.refuses = MISSING;
	session_rig.server.instance = SESSION_RIG_INSTANCE;
	session_rig.server.size = SESSION_RIG_SIZE;
	fake_qmp_send(&session_rig.server, "{\"event\": \"RESUME\"}");
	talk();
	assert_int_equal(session_rig.loop.usec[EVENT_QUERY], 0);
	look();
	assert_true(is("attached"));
}

/* The first answers are from before the event, the last ones are not. */
static void event_among_answers_is_not_missed(void **state)
{
	guest_that_was_not_started_is_not_refused(state);
	session_rig.session.up_us -= 3600000000ULL;
	session_rig.server.mute = true;
	look();
	assert_int_equal(session_rig.session.answers.pending, 3);
	session_rig.server.mute = false;
	fake_qmp_sendf(&session_rig.server,
		       "{\"return\": {\"status\": \"prelaunch\"}, \"id\": %llu}"
		       "{\"event\": \"RESUME\"}{\"return\": {}, \"id\": %llu}"
		       "{\"return\": {}, \"id\": %llu}",
		       (unsigned long long)session_rig.session.qmp.last_id - 2,
		       (unsigned long long)session_rig.session.qmp.last_id - 1,
		       (unsigned long long)session_rig.session.qmp.last_id);
	talk();
	assert_int_equal(session_rig.session.answers.pending, 0);
	assert_true(session_rig.loop.usec[EVENT_QUERY] <= 100000);
}

RUN_TESTS(NULL, NULL,
		TEST(extension_without_effect_is_refused),
		TEST(qemu_without_extension_is_refused),
		TEST(two_guests_with_one_file_are_refused),
		TEST(memory_that_cannot_be_mapped_is_refused),
		TEST(guest_that_refuses_is_refused),
		TEST(missing_module_is_not_refused),
		TEST(guest_that_was_not_started_is_not_refused),
		TEST(incoming_migration_is_not_refused),
		TEST(obstacle_that_stays_is_not_asked_about_all_the_time),
		TEST(guest_that_stays_stopped_is_not_asked_about_all_the_time),
		TEST(event_among_answers_is_not_missed),
)
