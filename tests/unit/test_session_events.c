// SPDX-License-Identifier: GPL-2.0
/*
 * Events whose data a guest has chosen so that they cannot be parsed: the agent ignores them
 * and keeps its connection. An answer with a number that is too large is an answer; one that
 * cannot be parsed ends the connection.
 */
/* rig: tests/fakes/session_rig.c */
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

/* The data of a panic, for one, has numbers of the guest's. */
static void guest_cannot_end_the_connection(void **state)
{
	static const char *const data[] = {
		"18446744073709551615", "-9223372036854775809", "1e999", "\"\\ud800\"",
		"\"\\u0000\"", "\"\xff\"", "nonsense", "\"return\", \"id\": 2",
	};
	unsigned int i;

	session_rig_attach();
	for (i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		fake_qmp_sendf(&session_rig.server,
			       "{\"data\": {\"arg1\": %s}, \"event\" :\"X\"}\r\n",
			       data[i]);
		talk();
		assert_int_equal(session_rig.session.qmp.state, QMP_UP);
		assert_non_null(session_rig.session.region.base);
	}
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
	assert_int_equal(session_rig.server.connections, 1);
}

static void deep_event_is_ignored(void **state)
{
	static char deep[4096];

	session_rig_attach();
	memset(deep, '[', sizeof(deep) - 1);
	fake_qmp_sendf(&session_rig.server, "{\"event\": %s", deep);
	memset(deep, ']', sizeof(deep) - 1);
	fake_qmp_sendf(&session_rig.server, "%s}", deep);
	talk();
	assert_int_equal(session_rig.session.qmp.state, QMP_UP);
}

/* QEMU counts with 64 bits, and a count may even have gone below zero. */
static bool count_too_far(struct fake_qmp *server, const char *name, json_int_t id)
{
	if (strcmp(name, "query-migrate"))
		return false;
	fake_qmp_sendf(server, "{\"return\": {\"ram\": {\"rate\": 18446744073709551615}, \"status\": "
		       "\"completed\", \"total-time\": 1234}, \"id\": %lld}", (long long)id);
	return true;
}

static void large_number_is_no_reason_to_hang_up(void **state)
{
	session_rig.server.meddle = count_too_far;
	session_rig_attach();
	session_rig_query();
	assert_int_equal(session_rig.session.qmp.state, QMP_UP);
	assert_int_equal(session_rig.session.answers.total_ms, 1234);
	assert_string_equal(session_rig.session.answers.status, "completed");
	assert_int_equal(session_rig.server.connections, 1);
}

/* Whoever waits for it would wait for ever. */
static void answer_that_cannot_be_parsed_ends_it(void **state)
{
	session_rig_attach();
	fake_qmp_send(&session_rig.server, "{\"return\": {\"event\": 1e999}, \"id\": 2}");
	talk();
	assert_int_equal(session_rig.session.note, NOTE_NO_QMP);
	assert_int_equal(session_rig.session.qmp.state, QMP_DOWN);
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(guest_cannot_end_the_connection),
		SESSION_TEST(deep_event_is_ignored),
		SESSION_TEST(large_number_is_no_reason_to_hang_up),
		SESSION_TEST(answer_that_cannot_be_parsed_ends_it),
)
