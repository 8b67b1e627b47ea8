// SPDX-License-Identifier: GPL-2.0
/*
 * Events whose data a guest has chosen so that they cannot be parsed: the agent ignores them
 * and keeps its connection. An answer that cannot be parsed ends it.
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
		fake_qmp_sendf(&rig.server, "{\"data\": {\"arg1\": %s}, \"event\" :\"X\"}\r\n",
			       data[i]);
		talk();
		assert_int_equal(rig.session.qmp.state, QMP_UP);
		assert_non_null(rig.session.region.base);
	}
	publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(rig.server.lasts, 1);
	assert_int_equal(rig.server.connections, 1);
}

static void deep_event_is_ignored(void **state)
{
	static char deep[4096];

	session_rig_attach();
	memset(deep, '[', sizeof(deep) - 1);
	fake_qmp_sendf(&rig.server, "{\"event\": %s", deep);
	memset(deep, ']', sizeof(deep) - 1);
	fake_qmp_sendf(&rig.server, "%s}", deep);
	talk();
	assert_int_equal(rig.session.qmp.state, QMP_UP);
}

/* Whoever waits for it would wait for ever. */
static void answer_that_cannot_be_parsed_ends_it(void **state)
{
	session_rig_attach();
	fake_qmp_send(&rig.server, "{\"return\": {\"event\": 18446744073709551615}, \"id\": 2}");
	talk();
	assert_int_equal(rig.session.note, NOTE_NO_QMP);
	assert_int_equal(rig.session.qmp.state, QMP_DOWN);
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(guest_cannot_end_the_connection),
		SESSION_TEST(deep_event_is_ignored),
		SESSION_TEST(answer_that_cannot_be_parsed_ends_it),
)
