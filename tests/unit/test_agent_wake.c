// SPDX-License-Identifier: GPL-2.0
/*
 * The agent sleeps while reporting is on and nothing happens, where the extension wakes it: no
 * timer of the poll, a question every ten seconds; and it polls where the extension does
 * not, in a round, and while memory is asked for.
 */
/* rig: tests/fakes/session_rig.c */
#include <sys/socket.h>
#include <unistd.h>

#include "include/freehint/limits.h"
#include "proto/host_request.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

static void attach(void)
{
	freehint_write_request(session_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	session_rig_attach();
}

static void attach_sleeper(void)
{
	session_rig.server.can_wake = true;
	attach();
	assert_true(session_rig.server.wake >= 0);
}

static bool sleeps(void)
{
	return session_rig.loop.wake == session_rig.session.wake.own &&
	       !session_rig.loop.timer[EVENT_POLL];
}

/* As the extension does it, after it has changed the request line. */
static void qemu_wakes(void)
{
	assert_int_equal(send(session_rig.server.wake, "", 1, MSG_DONTWAIT), 1);
}

static void it_sleeps_while_nothing_happens(void **state)
{
	attach_sleeper();
	assert_true(sleeps());
	session_rig_query();
	assert_true(sleeps());
	assert_int_equal(session_rig.loop.usec[EVENT_QUERY], 10000000);
	/* Reporting off is no migration that would wake it. */
	session_rig.server.state = "off";
	session_rig_query();
	assert_int_equal(session_rig.loop.usec[EVENT_QUERY], 1000000);
}

static void it_is_woken_for_a_round_and_sleeps_after_it(void **state)
{
	attach_sleeper();
	session_rig_publish(7);
	qemu_wakes();
	fire(EVENT_POLL);
	assert_false(sleeps());
	/* QEMU does something else now */
	assert_true(session_rig.loop.usec[EVENT_QUERY] <= 20000);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
	assert_int_equal(session_rig.server.round, 7);
	freehint_write_request(session_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	fire(EVENT_POLL);
	talk();
	fire(EVENT_POLL);
	assert_true(sleeps());
}

static void what_woke_it_is_forgotten(void **state)
{
	char byte;

	attach_sleeper();
	/* until the socket is full */
	while (send(session_rig.server.wake, "", 1, MSG_DONTWAIT) == 1)
		;
	fire(EVENT_POLL);
	talk();
	assert_true(read(session_rig.session.wake.own, &byte, 1) < 0);
	assert_true(sleeps());
}

static void it_polls_where_the_extension_does_not_know_the_command(void **state)
{
	attach();
	assert_false(session_rig.session.wake.agreed);
	assert_true(session_rig.loop.timer[EVENT_POLL]);
	assert_int_equal(session_rig.loop.usec[EVENT_POLL], session_rig.conf.poll_us);
}

static void it_polls_while_memory_is_asked_for(void **state)
{
	attach_sleeper();
	session_rig.server.asking = true;
	session_rig.server.can_give_back = true;
	session_rig.server.mode = "once";
	session_rig_query();
	assert_false(sleeps());
}

static unsigned int refused_fds;

static bool refuse_fd(struct fake_qmp *server, const char *name, json_int_t id)
{
	if (strcmp(name, "getfd") != 0 || refused_fds++)
		return false;
	fake_qmp_sendf(server, "{\"id\": %lld, \"error\": {\"class\": \"GenericError\", "
		       "\"desc\": \"no room\"}}\r\n", (long long)id);
	return true;
}

/* It is no file of ranges whose pages would be sent. */
static void a_socket_that_is_refused_is_called_so(void **state)
{
	int kept = dup(STDERR_FILENO), ends[2];
	char said[2048];
	ssize_t len;

	refused_fds = 0;
	session_rig.server.meddle = refuse_fd;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_init(LOG_LEVEL_WARN);
	attach();
	log_init(LOG_LEVEL_ERROR);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	len = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	said[len > 0 ? len : 0] = '\0';
	assert_int_equal(refused_fds, 1);
	assert_non_null(strstr(said, "refused the socket that wakes the agent, which polls: no room"));
	assert_null(strstr(said, "ranges"));
}

static void the_next_qemu_gets_the_socket_again(void **state)
{
	attach_sleeper();
	fake_qmp_hang_up(&session_rig.server);
	session_handle_qmp(&session_rig.session);
	assert_false(session_rig.session.wake.agreed);
	assert_int_equal(session_rig.loop.wake, -1);
	fire(EVENT_RETRY);
	talk();
	assert_true(session_rig.server.wake >= 0);
	assert_true(sleeps());
}

RUN_TESTS(NULL, NULL,
		SESSION_TEST(it_sleeps_while_nothing_happens),
		SESSION_TEST(it_is_woken_for_a_round_and_sleeps_after_it),
		SESSION_TEST(what_woke_it_is_forgotten),
		SESSION_TEST(it_polls_where_the_extension_does_not_know_the_command),
		SESSION_TEST(it_polls_while_memory_is_asked_for),
		SESSION_TEST(a_socket_that_is_refused_is_called_so),
		SESSION_TEST(the_next_qemu_gets_the_socket_again))
