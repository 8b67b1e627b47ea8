// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's program against a monitor that misbehaves: closes at every command,
 * greets oddly or not at all, answers with errors, nonsense, twice, in crumbs or in
 * floods. The agent never dies of it, and once the monitor behaves again it hints.
 */
/* rig: tests/fakes/agent_rig.c */
#include <signal.h>

#include "include/freehint/limits.h"
#include "proto/host_request.h"
#include "tests/fakes/agent_rig.h"

#define ROUND		81

/* Commands of a session: negotiation, three queries twice, two batches. */
#define MANY_COMMANDS	12

static unsigned int countdown;
static const char *victim;
static const char *malice;
static unsigned int struck;

static bool got_last(struct fake_qmp *server)
{
	return server->lasts;
}

static bool was_struck(struct fake_qmp *server)
{
	return struck;
}

static bool connected_thrice(struct fake_qmp *server)
{
	return server->connections >= 3;
}

static void publish_round(void)
{
	agent_rig_publish(ROUND, ~0ULL, 1);
}

/* The monitor is a good one from now on. */
static void expect_recovery(void)
{
	agent_rig.server.meddle = NULL;
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	assert_true(agent_rig.server.count >= 1);
	assert_int_equal(agent_rig.server.ranges[0].start, 0);
	assert_int_equal(agent_rig.server.ranges[0].length, 64 * 4096);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static bool hang_up_later(struct fake_qmp *server, const char *name, json_int_t id)
{
	if (!countdown || --countdown)
		return false;
	struck++;
	fake_qmp_hang_up(server);
	return true;
}

static void closed_at_every_command(void **state)
{
	unsigned int n;

	for (n = 1; n <= MANY_COMMANDS; n++) {
		agent_rig_setup(state);
		countdown = n;
		struck = 0;
		agent_rig.server.meddle = hang_up_later;
		publish_round();
		start_agent(NULL);
		assert_true(fake_qmp_serve(&agent_rig.server, was_struck, WAIT_MS));
		expect_recovery();
		agent_rig_teardown(state);
	}
}

static void odd_greetings_are_no_qmp(void **state)
{
	static const char *const greetings[] = {
		"{}\n", "{\"QMP\": 7}\n", "SSH-2.0-x\n",
		"[1, 2]\n", "{\"event\": \"STOP\"}\n", "{\"QMP\": {}", "\x00\xff\xfe{}\n",
	};
	unsigned int i;

	start_agent(NULL);
	publish_round();
	for (i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		agent_rig.server.greeting = greetings[i];
		fake_qmp_hang_up(&agent_rig.server);
		agent_rig.server.connections = 0;
		fake_qmp_serve(&agent_rig.server, connected_thrice, 300);
	}
	expect_said("does not speak QMP");
	agent_rig.server.greeting = "{\"QMP\": {}}\n";
	fake_qmp_hang_up(&agent_rig.server);
	expect_recovery();
}

/* QEMU sends what an agent that has died did not get to the next one. */
static void an_answer_to_an_earlier_client_is_ignored(void **state)
{
	agent_rig.server.greeting = "{\"return\": {}, \"id\": 1}\n{\"error\": {\"class\": \"a\", "
			      "\"desc\": \"b\"}, \"id\": 2}\n{\"QMP\": {}}\n";
	start_agent(NULL);
	publish_round();
	expect_recovery();
	assert_int_equal(agent_rig.server.connections, 1);
}

static bool never(struct fake_qmp *server)
{
	return false;
}

static bool connected(struct fake_qmp *server)
{
	return server->connections;
}

static void silence_is_borne(void **state)
{
	agent_rig.server.greeting = "";
	start_agent(NULL);
	assert_true(fake_qmp_serve(&agent_rig.server, connected, WAIT_MS));
	fake_qmp_serve(&agent_rig.server, never, 100);
	assert_int_equal(agent_rig.server.connections, 1);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* Answers every command called @victim with @malice, in which ID is the id. */
static bool answer_badly(struct fake_qmp *server, const char *name, json_int_t id)
{
	char text[512], number[32];
	const char *at;

	if (strcmp(name, victim))
		return false;
	struck++;
	at = strstr(malice, "ID");
	snprintf(number, sizeof(number), "%lld", (long long)id);
	snprintf(text, sizeof(text), "%.*s%s%s\r\n", (int)(at - malice), malice, number, at + 2);
	fake_qmp_send(server, text);
	return true;
}

static const char *const victims[] = {
	"qmp_capabilities", "query-status", "query-migrate", FREEHINT_QMP_QUERY, "getfd",
	FREEHINT_QMP_MARK,
};

#define VICTIMS	(sizeof(victims) / sizeof(victims[0]))

static void meet_malice(const char *command, const char *how, void **state)
{
	agent_rig_setup(state);
	victim = command;
	malice = how;
	struck = 0;
	agent_rig.server.meddle = answer_badly;
	publish_round();
	start_agent(NULL);
	assert_true(fake_qmp_serve(&agent_rig.server, was_struck, WAIT_MS));
	/* What was refused is not sent again; the next round is another matter. */
	agent_rig.server.meddle = NULL;
	if (!agent_rig.server.lasts) {
		agent_rig_publish(ROUND + 1, ~0ULL, 1);
	}
	expect_recovery();
	agent_rig_teardown(state);
}

static void every_command_may_be_refused(void **state)
{
	static const char *const errors[] = {
		"{\"id\": ID, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}",
		"{\"id\": ID, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"what\"}}",
		"{\"id\": ID, \"error\": {}}",
		"{\"id\": ID, \"error\": 7}",
		"{\"id\": ID, \"error\": null}",
	};
	unsigned int v, e;

	for (v = 0; v < VICTIMS; v++)
		for (e = 0; e < sizeof(errors) / sizeof(errors[0]); e++)
			meet_malice(victims[v], errors[e], state);
}

static void every_answer_may_be_of_the_wrong_type(void **state)
{
	static const char *const answers[] = {
		"{\"id\": ID, \"return\": null}",
		"{\"id\": ID, \"return\": [[[]]]}",
		"{\"id\": ID, \"return\": {\"status\": 7, \"total-time\": \"long\", \"state\": {}, "
		"\"instance\": -1, \"region\": {\"size\": -4096}, \"guest\": [], "
		"\"counters\": \"many\"}}",
		"{\"id\": ID, \"return\": {\"status\": \"\", \"state\": \"round\", "
		"\"instance\": 9223372036854775807, \"region\": "
		"{\"size\": 9223372036854775807}}}",
		"{\"id\": ID, \"return\": {}}{\"id\": 77777, \"return\": {}}{\"return\": {}}",
	};
	unsigned int v, a;

	for (v = 0; v < VICTIMS; v++)
		for (a = 0; a < sizeof(answers) / sizeof(answers[0]); a++)
			meet_malice(victims[v], answers[a], state);
}

static bool flood(struct fake_qmp *server, const char *name, json_int_t id)
{
	unsigned int i;

	struck++;
	for (i = 0; i < 200; i++)
		fake_qmp_sendf(server, "{\"event\": \"%s\", \"data\": {\"n\": %u}}\r\n",
			       i % 2 ? "MIGRATION" : "NEWS", i);
	return false;
}

static void floods_of_events_are_outlived(void **state)
{
	agent_rig.server.meddle = flood;
	publish_round();
	start_agent(NULL);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	expect_recovery();
}

static void crumbs_are_put_together(void **state)
{
	agent_rig.server.crumbs = true;
	publish_round();
	start_agent(NULL);
	expect_recovery();
}

/* Too much for one object: @size bytes of @filler inside a string or as brackets. */
static void send_much(const char *head, char filler, size_t size)
{
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, filler, size);
	text[size] = '\0';
	fake_qmp_send(&agent_rig.server, head);
	fake_qmp_send(&agent_rig.server, text);
	free(text);
}

static bool connected_again(struct fake_qmp *server)
{
	return server->connections == 2;
}

static void too_much_breaks_the_connection_only(void **state)
{
	attach(NULL);
	send_much("{\"return\": \"", 'x', FREEHINT_MAX_QMP_LINE);
	assert_true(fake_qmp_serve(&agent_rig.server, connected_again, WAIT_MS));
	expect_said("does not speak QMP");
	publish_round();
	expect_recovery();
}

static void too_deep_breaks_the_connection_only(void **state)
{
	attach(NULL);
	send_much("{\"return\": ", '[', 300000);
	send_much("", ']', 300000);
	fake_qmp_send(&agent_rig.server, "}\r\n");
	assert_true(fake_qmp_serve(&agent_rig.server, connected_again, WAIT_MS));
	publish_round();
	expect_recovery();
}

RUN_AGENT_TESTS(
		cmocka_unit_test(closed_at_every_command),
		AGENT_TEST(odd_greetings_are_no_qmp),
		AGENT_TEST(an_answer_to_an_earlier_client_is_ignored),
		AGENT_TEST(silence_is_borne),
		cmocka_unit_test(every_command_may_be_refused),
		cmocka_unit_test(every_answer_may_be_of_the_wrong_type),
		AGENT_TEST(floods_of_events_are_outlived),
		AGENT_TEST(crumbs_are_put_together),
		AGENT_TEST(too_much_breaks_the_connection_only),
		AGENT_TEST(too_deep_breaks_the_connection_only),
)
