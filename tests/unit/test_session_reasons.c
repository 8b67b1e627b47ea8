// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent's log says of a QEMU that refuses hints: the reason once, that it is over, and
 * nothing of waiting where nothing will come.
 */
/* rig: tests/fakes/session_rig.c */
/* links: tests/fakes/journal.c */
#include "include/freehint/qmp_names.h"
#include "tests/fakes/journal.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define MISSING	FREEHINT_REFUSED_NO_MODULE "; load freehint.ko in the guest"
#define BACKEND	"memdev 'freehint': no memory backend; add it"
#define OVER	"info: QEMU refuses hints no longer"

static int setup(void **state)
{
	int ret = session_rig_setup(state);

	journal_open(LOG_LEVEL_INFO);
	return ret;
}

static int teardown(void **state)
{
	journal_close();
	return session_rig_teardown(state);
}

static void end_of_a_refusal_is_told_once(void **state)
{
	session_rig.server.refuses = MISSING;
	session_rig.server.guest_left = true;
	session_rig.server.state = "off";
	session_rig_attach();
	assert_int_equal(logged("info: QEMU refuses hints: " MISSING), 1);
	assert_int_equal(logged(OVER), 0);
	session_rig.server.refuses = NULL;
	session_rig.server.guest_left = false;
	session_rig_query();
	session_rig_query();
	assert_int_equal(logged(OVER), 1);
}

static void guest_that_was_never_refused_has_no_line(void **state)
{
	session_rig_attach();
	session_rig_query();
	assert_int_equal(logged("QEMU refuses hints"), 0);
}

static void lack_of_shared_memory_is_a_warning(void **state)
{
	session_rig.server.refuses = BACKEND;
	session_rig.server.guest_left = true;
	session_rig.server.state = "off";
	session_rig.server.instance = 0;
	session_rig.server.size = 0;
	session_connect(&session_rig.session);
	talk();
	session_rig_query();
	assert_int_equal(logged("warn: QEMU refuses hints: " BACKEND), 1);
	assert_int_equal(logged("waiting for the guest"), 0);
	assert_int_equal(session_rig.session.note, NOTE_NO_REGION);
	/* A pause changes nothing. */
	session_rig.server.runstate = "paused";
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_NO_REGION);
	assert_true(session_is_refused(&session_rig.session));
	assert_int_equal(logged("waiting for the guest"), 0);
	assert_int_equal(logged("warn: QEMU refuses hints: " BACKEND), 1);
	/* Somebody adds it. */
	session_rig.server.refuses = NULL;
	session_rig.server.guest_left = false;
	session_rig.server.instance = SESSION_RIG_INSTANCE;
	session_rig.server.size = SESSION_RIG_SIZE;
	session_rig_query();
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
	assert_int_equal(logged(OVER), 1);
}

static void guest_that_was_not_started_is_waited_for(void **state)
{
	session_rig.server.refuses = BACKEND;
	session_rig.server.runstate = "prelaunch";
	session_rig.server.state = "off";
	session_rig.server.guest_left = true;
	session_rig.server.instance = 0;
	session_rig.server.size = 0;
	session_connect(&session_rig.session);
	talk();
	assert_int_equal(logged("info: waiting for the guest to start, "), 1);
	assert_int_equal(logged("warn: "), 0);
	session_rig.server.runstate = "running";
	session_rig_query();
	assert_int_equal(logged("warn: QEMU refuses hints: " BACKEND), 1);
}

RUN_TESTS(NULL, NULL,
		TEST(end_of_a_refusal_is_told_once),
		TEST(guest_that_was_never_refused_has_no_line),
		TEST(lack_of_shared_memory_is_a_warning),
		TEST(guest_that_was_not_started_is_waited_for),
)
