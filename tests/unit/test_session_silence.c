// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU that says nothing: the agent's metrics go on and say so, a timer stays armed, and the
 * journal gets one line.
 */
/* rig: tests/fakes/session_rig.c */
/* links: tests/fakes/journal.c */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fakes/journal.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define LONG_US	3600000000ULL

static int pair[2];
static char text[METRICS_TEXT];

static int setup(void **state)
{
	int ret = session_rig_setup_metrics(pair);

	journal_open(LOG_LEVEL_WARN);
	return ret;
}

static int teardown(void **state)
{
	journal_close();
	close(pair[0]);
	close(pair[1]);
	return session_rig_teardown(state);
}

/* Return: the last text that the writer has got, "" if there is none. */
static const char *heard(void)
{
	ssize_t len;

	text[0] = '\0';
	while ((len = recv(pair[1], text, sizeof(text) - 1, MSG_DONTWAIT)) > 0)
		text[len] = '\0';
	return text;
}

static bool says(const char *name, int value)
{
	char line[128];

	snprintf(line, sizeof(line), "\nfreehint_%s{vm=\"vm1\"} %d\n", name, value);
	return strstr(text, line);
}

/* As if the last text had been sent, and the queries, an hour ago. */
static void let_pass(void)
{
	session_rig.session.answers.sent_us -= LONG_US;
	session_rig.session.metrics.sent_us -= LONG_US;
}

/* The file has its time from the last text: freehint top and an alert look at it. */
static void metrics_go_on(void)
{
	let_pass();
	heard();
	fire(EVENT_QUERY);
	assert_true(heard()[0]);
	assert_true(session_rig.loop.timer[EVENT_QUERY]);
}

static void busy_monitor_is_told_from_the_start(void **state)
{
	session_rig.server.greeting = "";
	session_connect(&session_rig.session);
	talk();
	assert_true(heard()[0]);
	assert_true(says("connected", 0) && says("attached", 0));
	metrics_go_on();
	metrics_go_on();
	assert_int_equal(logged("no greeting"), 1);
	/* It is free at last. */
	fake_qmp_send(&session_rig.server, "{\"QMP\": {}}\r\n");
	talk();
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
	session_rig.session.metrics.sent_us -= LONG_US;
	session_rig_query();
	heard();
	assert_true(says("connected", 1) && says("attached", 1));
}

static bool no_negotiation(struct fake_qmp *server, const char *name, json_int_t id)
{
	return !strcmp(name, "qmp_capabilities");
}

static void greeting_and_no_more_is_told(void **state)
{
	session_rig.server.meddle = no_negotiation;
	session_connect(&session_rig.session);
	talk();
	assert_int_equal(session_rig.session.qmp.state, QMP_NEGOTIATING);
	metrics_go_on();
	assert_true(says("connected", 0));
	metrics_go_on();
}

static void qemu_that_answers_nothing_is_not_connected(void **state)
{
	session_rig.server.mute = true;
	session_connect(&session_rig.session);
	talk();
	metrics_go_on();
	assert_true(says("connected", 0) && says("attached", 0));
}

static void qemu_that_hangs_is_not_connected(void **state)
{
	session_rig_attach();
	session_rig.server.mute = true;
	session_rig_query();
	metrics_go_on();
	assert_true(says("connected", 0) && says("attached", 0));
	/* What QEMU has counted is away with it, like that of one that is gone. */
	assert_null(strstr(text, "freehint_rounds_total"));
	metrics_go_on();
	metrics_go_on();
	assert_int_equal(logged(" has not answered for "), 1);
	assert_int_equal(session_rig.session.qmp.state, QMP_UP);
	assert_non_null(session_rig.session.region.base);
}

/* Each pause of its main loop has its line, and its answers bring everything back. */
static void qemu_that_goes_on_is_connected(void **state)
{
	unsigned long long last;
	unsigned int pause;

	session_connect(&session_rig.session);
	talk();
	for (pause = 1; pause < 3; pause++) {
		session_rig.server.mute = true;
		session_rig_query();
		metrics_go_on();
		assert_int_equal(logged(" has not answered for "), pause);
		session_rig.server.mute = false;
		session_rig.session.metrics.sent_us -= LONG_US;
		last = (unsigned long long)session_rig.session.qmp.last_id;
		fake_qmp_sendf(&session_rig.server,
			       "{\"return\": {\"status\": \"running\"}, \"id\": %llu}"
			       "{\"return\": {}, \"id\": %llu}{\"return\": {\"state\": \"ready\", "
			       "\"instance\": 1, \"region\": {\"size\": %d}}, \"id\": %llu}",
			       last - 2, last - 1, SESSION_RIG_SIZE, last);
		talk();
		assert_true(heard()[0]);
		assert_true(says("connected", 1) && says("attached", 1));
		assert_non_null(strstr(text, "freehint_rounds_total"));
	}
}

/* Nothing is asked and nothing said where there is no connection. */
static void late_timer_after_the_end_does_nothing(void **state)
{
	session_rig.conf.qmp = "/nonexistent/socket";
	session_connect(&session_rig.session);
	session_query(&session_rig.session);
	assert_int_equal(session_rig.session.note, NOTE_NO_SOCKET);
	assert_false(session_rig.loop.timer[EVENT_QUERY]);
}

RUN_TESTS(NULL, NULL,
		TEST(busy_monitor_is_told_from_the_start),
		TEST(greeting_and_no_more_is_told),
		TEST(qemu_that_answers_nothing_is_not_connected),
		TEST(qemu_that_hangs_is_not_connected),
		TEST(qemu_that_goes_on_is_connected),
		TEST(late_timer_after_the_end_does_nothing),
)
