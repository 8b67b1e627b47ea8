// SPDX-License-Identifier: GPL-2.0
/*
 * How the agent's program ends, and when it does not: what it can do without, and
 * what it says when it gives up. Skipped when the agent was not built.
 */
/* rig: tests/fakes/agent_rig.c */
/* links: host-agent/common/pressure_trigger.c */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/agent/conf/conf.h"
#include "host-agent/common/pressure_trigger.h"
#include "tests/fakes/agent_rig.h"

static void polling_is_said_once(void **state)
{
	const char *said;

	agent_rig.banned = true;
	agent_rig.ban = RING_SETUP;
	attach(NULL);
	said = strstr(agent_rig.text, "info: no io_uring: Operation not permitted (sysctl "
				"kernel.io_uring_disabled");
	assert_non_null(said);
	assert_null(strstr(said + strlen("info: no io_uring"), "no io_uring"));
	assert_null(strstr(agent_rig.text, "warn: "));
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* Nothing can be waited for any more: an end, and a reason. */
static void ring_that_breaks_ends_the_agent(void **state)
{
	agent_rig.banned = true;
	agent_rig.ban = RING_SUBMIT;
	start_agent(NULL);
	expect_said("error: event loop failed: Operation not permitted");
	assert_int_equal(stop_agent(0), AGENT_EXIT_SYSTEM);
}

static void agent_follows_its_qemu(void **state)
{
	attach("--give-up=1");
	unlink(agent_rig.server.path);
	fake_qmp_hang_up(&agent_rig.server);
	expect_said("the agent exits");
	assert_non_null(strstr(agent_rig.text, "QEMU creates it when it is started"));
	assert_int_equal(stop_agent(0), AGENT_EXIT_OK);
}

/* No failure, but a wrong path looks the same: so journalctl -p warning shows it. */
static void qemu_that_never_comes_is_no_error(void **state)
{
	unlink(agent_rig.server.path);
	start_agent("--give-up=1");
	expect_said("warn: there was no QEMU at");
	assert_int_equal(stop_agent(0), AGENT_EXIT_NO_QEMU);
	assert_null(strstr(agent_rig.text, "error: "));
}

static void socket_of_a_stranger_is_an_error(void **state)
{
	agent_rig.server.greeting = "220 welcome\r\n";
	start_agent("--give-up=1");
	expect_said("could not be used within 1 s: its peer is no QEMU, give the socket of -qmp\n");
	assert_int_equal(stop_agent(0), AGENT_EXIT_BAD_SOCKET);
	assert_null(strstr(agent_rig.text, "start"));
}

/* QEMU is there: to start it does not help. */
static void socket_that_is_forbidden_is_an_error(void **state)
{
	assert_int_equal(chmod(agent_rig.server.path, 0), 0);
	if (!geteuid())
		agent_rig.more[0] = "--user=nobody";
	start_agent("--give-up=1");
	expect_said("could not be used within 1 s: Permission denied, run the agent as QEMU's user\n");
	assert_int_equal(stop_agent(0), AGENT_EXIT_BAD_SOCKET);
	assert_non_null(strstr(agent_rig.text, "error: "));
	assert_null(strstr(agent_rig.text, "there was no QEMU"));
}

static void agent_of_nohup_stays(void **state)
{
	signal(SIGHUP, SIG_IGN);
	attach(NULL);
	signal(SIGHUP, SIG_DFL);
	kill(agent_rig.agent, SIGHUP);
	assert_int_equal(stop_agent(SIGTERM), 0);
	assert_non_null(strstr(agent_rig.text, "stopped by signal 15"));
	assert_null(strstr(agent_rig.text, "stopped by signal 1\n"));
}

/* A script ignores both for what it runs in its background. */
static void agent_of_a_script_stays(void **state)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	attach(NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	kill(agent_rig.agent, SIGINT);
	kill(agent_rig.agent, SIGQUIT);
	assert_int_equal(stop_agent(SIGTERM), 0);
	assert_non_null(strstr(agent_rig.text, "stopped by signal 15"));
}

static bool asks(struct fake_qmp *server)
{
	return server->queries > 1;
}

/* A pager that was left, or a journald that hangs: the agent works, and ends when it is told. */
static void reader_that_stops_does_not_stop_the_agent(void **state)
{
	agent_rig.full = true;
	start_agent(NULL);
	assert_true(fake_qmp_serve(&agent_rig.server, asks, WAIT_MS));
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* The summary is lost, and no line of the log follows it. */
static void output_that_is_lost_is_told_at_the_end(void **state)
{
	agent_rig.no_output = true;
	agent_rig.server.status = "cancelled";
	attach("--once");
	agent_rig.server.status = "active";
	agent_rig.server.queries = 0;
	assert_true(fake_qmp_serve(&agent_rig.server, asks, WAIT_MS));
	agent_rig.server.status = "completed";
	expect_said("warn: 1 lines of the output were lost, ");
	assert_int_equal(stop_agent(0), 0);
}

/* Hints need no pressure: the unit, whose options are the same everywhere, goes on. */
static void pressure_that_cannot_be_watched_leaves_hints(void **state)
{
	char dir[] = PRESSURE_TRIGGER_HOST;
	pid_t pid;

	*strrchr(dir, '/') = '\0';
	pid = fork();
	if (!pid)
		_exit(hide_directory(dir) ? 1 : 0);
	if (child_exit(pid)) {
		printf("skipped: %s cannot be hidden here\n", dir);
		skip();
	}
	agent_rig.hidden = dir;
	agent_rig.server.can_give_back = true;
	agent_rig.more[0] = "--pressure-file=" PRESSURE_TRIGGER_HOST;
	attach("--give-back=pressure");
	expect_said("warn: " PRESSURE_TRIGGER_HOST " cannot be watched");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* A domain's has another name at each start, and its backslashes may have been lost on the way. */
static void control_group_that_is_missing_leaves_hints(void **state)
{
	agent_rig.server.can_give_back = true;
	agent_rig.more[0] = "--pressure-file=/sys/fs/cgroup/machine-qemux2d1.scope/memory.pressure";
	attach("--give-back=pressure");
	expect_said("warn: /sys/fs/cgroup/machine-qemux2d1.scope/memory.pressure cannot be watched");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* A restart does not help, and a guest that is never asked is not what was wanted. */
static void wrong_pressure_file_is_an_error(void **state)
{
	agent_rig.more[0] = "--pressure-file=/nonexistent/memory.pressure";
	start_agent("--give-back=pressure");
	expect_said("error: /nonexistent/memory.pressure cannot be watched");
	assert_int_equal(stop_agent(0), AGENT_EXIT_NO_PRESSURE);
}

static void pressure_is_watched_in_the_sandbox(void **state)
{
	int fd = pressure_trigger_open(PRESSURE_TRIGGER_HOST);

	if (fd < 0) {
		printf("skipped: no trigger on memory pressure here: %s\n", strerror(-fd));
		skip();
	}
	close(fd);
	agent_rig.server.can_give_back = true;
	attach("--give-back=pressure");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* Does the agent hold the trigger? All its other files are sockets, memfds and the like. */
static bool holds(const char *path)
{
	char name[64], target[256];
	ssize_t len;
	int fd;

	for (fd = 0; fd < 64; fd++) {
		snprintf(name, sizeof(name), "/proc/%d/fd/%d", agent_rig.agent, fd);
		len = readlink(name, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (!strcmp(target, path))
			return true;
	}
	return false;
}

/* QEMU's user may not open the trigger, so it is opened before. */
static void pressure_is_watched_by_another_user(void **state)
{
	int fd = pressure_trigger_open(PRESSURE_TRIGGER_HOST);

	if (fd < 0 || geteuid()) {
		printf("skipped: no trigger on memory pressure here, or not root\n");
		skip();
	}
	close(fd);
	agent_rig.server.can_give_back = true;
	agent_rig.more[0] = "--user=root";
	attach("--give-back=pressure");
	assert_true(holds(PRESSURE_TRIGGER_HOST));
	assert_int_equal(stop_agent(SIGTERM), 0);
}

static void memory_is_asked_for_at_once(void **state)
{
	agent_rig.server.can_give_back = true;
	start_agent("--give-back=once");
	expect_said("QEMU asks the guest for its free memory, mode once");
	assert_string_equal(agent_rig.server.mode, "once");
	assert_int_equal(stop_agent(SIGTERM), 0);
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, agent_rig_setup, agent_rig_teardown)

RUN_AGENT_TESTS(
		RIG_TEST(polling_is_said_once),
		RIG_TEST(ring_that_breaks_ends_the_agent),
		AGENT_TEST(agent_follows_its_qemu),
		AGENT_TEST(qemu_that_never_comes_is_no_error),
		RIG_TEST(socket_of_a_stranger_is_an_error),
		RIG_TEST(socket_that_is_forbidden_is_an_error),
		RIG_TEST(agent_of_nohup_stays),
		RIG_TEST(agent_of_a_script_stays),
		AGENT_TEST(reader_that_stops_does_not_stop_the_agent),
		AGENT_TEST(output_that_is_lost_is_told_at_the_end),
		AGENT_TEST(pressure_that_cannot_be_watched_leaves_hints),
		AGENT_TEST(control_group_that_is_missing_leaves_hints),
		AGENT_TEST(wrong_pressure_file_is_an_error),
		AGENT_TEST(pressure_is_watched_in_the_sandbox),
		AGENT_TEST(pressure_is_watched_by_another_user),
		AGENT_TEST(memory_is_asked_for_at_once),
)
