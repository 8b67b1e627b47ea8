// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's session when memory, a descriptor or a mapping is refused: for every
 * such call, once, from its set-up to the summary of a migration. It either cannot be
 * set up, or ends because it cannot read what QEMU says, or the round reaches QEMU all
 * the same; nothing is leaked and nothing is written where it should not.
 */
/* rig: tests/fakes/session_rig.c tests/fakes/fail_nth.c */
#include <sys/mman.h>
#include <unistd.h>

#include "proto/host_request.h"
#include "tests/fakes/fail_nth.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define MOST_CALLS	5000
#define PATIENCE	30
#define ROUND		7

/* What a child found. */
#define NO_FAILURE	42
#define SURVIVED	43

static void turn(bool session)
{
	fail_nth_pause(!session);
}

static bool setup_session(void)
{
	int ret;

	turn(true);
	ret = session_init(&session_rig.session, &session_rig.conf, &session_rig.loop, -1);
	turn(false);
	assert_true(!ret || fail_nth_failed());
	return !ret;
}

/* Whatever is due, until it is done. */
static bool run_until(bool (*done)(void))
{
	static const enum event_kind kinds[] = { EVENT_RETRY, EVENT_QUERY, EVENT_POLL };
	unsigned int i, k;

	for (i = 0; i < PATIENCE && !done(); i++) {
		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (session_rig.loop.timer[kinds[k]])
				fire(kinds[k]);
		talk();
	}
	return done();
}

static bool round_arrived(void)
{
	return session_rig.server.lasts;
}

static bool summed_up(void)
{
	return session_rig.session.done;
}

static void migrate(void)
{
	session_rig.server.status = "active";
	session_rig.loop.timer[EVENT_RETRY] = true;
	session_rig_publish(ROUND);
	if (!run_until(round_arrived))
		fail_msg("%s failed: the round did not arrive", fail_nth_failed());
	assert_int_equal(session_rig.server.round, ROUND);
	assert_int_equal(session_rig.server.ranges[0].length, 64 * 4096);
	freehint_write_request(session_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	session_rig.server.status = "completed";
	if (!run_until(summed_up))
		fail_msg("%s failed: no summary", fail_nth_failed());
}

/* In a child; return: was the @n-th call ever made? */
static bool live(unsigned int n)
{
	unsigned int files = open_files();
	bool failed;

	turn(false);
	session_rig_prepare();
	session_rig.conf.once = true;
	session_rig.turn = turn;
	fail_nth_arm(n);
	if (setup_session()) {
		migrate();
		session_free(&session_rig.session);
	}
	failed = fail_nth_failed();
	fail_nth_arm(0);
	fake_qmp_close(&session_rig.server);
	munmap(session_rig.shm, SESSION_RIG_SIZE);
	unlink(session_rig.path);
	assert_int_equal(open_files(), files);
	return failed;
}

/* However the child ends. */
static void remove_files(void)
{
	unlink(session_rig.path);
	unlink(session_rig.server.path);
}

static int live_in_child(unsigned int n)
{
	pid_t child = fork();

	if (!child) {
		/* Hundreds of summaries are no news. */
		if (!freopen("/dev/null", "w", stdout))
			exit(99);
		atexit(remove_files);
		exit(live(n) ? SURVIVED : NO_FAILURE);
	}
	return child_exit(child);
}

static void every_call_may_fail_once(void **state)
{
	unsigned int n, ended = 0;
	int found = SURVIVED;

	for (n = 1; n <= MOST_CALLS && found != NO_FAILURE; n++) {
		found = live_in_child(n);
		ended += found == AGENT_EXIT_SYSTEM;
		if (found != SURVIVED && found != NO_FAILURE && found != AGENT_EXIT_SYSTEM)
			fail_msg("call %u: %d", n, found);
	}
	print_message("%u calls, %u of them end the agent\n", n - 2, ended);
	assert_int_equal(found, NO_FAILURE);
	assert_true(n > 100);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(every_call_may_fail_once),
)
