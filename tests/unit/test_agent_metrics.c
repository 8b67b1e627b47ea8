// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's program with --metrics: the file tells what the agent sees, and is gone
 * when the agent is, however it ended. The numbers of a guest that moved away stay, for
 * freehint top and for Prometheus.
 * Skipped when the agent was not built.
 */
/* rig: tests/fakes/agent_rig.c */
/* links: host-agent/common/pressure_trigger.c */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/common/pressure_trigger.h"
#include "tests/fakes/agent_rig.h"

static char path[64], option[96];

static int setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/freehint-metrics-%d.prom", (int)getpid());
	snprintf(option, sizeof(option), "--metrics=%s", path);
	unlink(path);
	return agent_rig_setup(state);
}

static bool never(struct fake_qmp *server)
{
	return false;
}

static bool has(const char *file, const char *text)
{
	char content[16384];
	int fd = open(file, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, content, sizeof(content) - 1);
	close(fd);
	content[len > 0 ? len : 0] = '\0';
	return strstr(content, text);
}

static void expect_file(const char *text)
{
	int waited;

	for (waited = 0; !has(path, text); waited += 50) {
		assert_true(waited < WAIT_MS);
		fake_qmp_serve(&agent_rig.server, never, 50);
	}
}

static void expect_no_file(void)
{
	int waited;

	for (waited = 0; access(path, F_OK) == 0; waited += 10) {
		assert_true(waited < WAIT_MS);
		usleep(10000);
	}
}

static void file_follows_the_connection(void **state)
{
	attach(option);
	expect_file("freehint_attached{vm=\"freehint-metrics-");
	expect_file("\"} 1\n# HELP freehint_guest_present");
	fake_qmp_hang_up(&agent_rig.server);
	expect_file("\"} 0\n# HELP freehint_guest_present");
	assert_int_equal(stop_agent(SIGTERM), 0);
	expect_no_file();
}

static void file_goes_with_an_agent_that_was_killed(void **state)
{
	attach(option);
	expect_file("freehint_attached");
	assert_int_equal(stop_agent(SIGKILL), -1);
	expect_no_file();
}

/* A terminal that closes, Ctrl-\, and what nobody has reckoned with: both processes get it. */
static void file_goes_when_both_get_a_signal(void **state)
{
	static const struct {
		int number;
		int status;
	} signals[] = { { SIGHUP, 0 }, { SIGQUIT, 0 }, { SIGUSR1, -1 } };
	size_t i;

	agent_rig.leads = true;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start_agent(option);
		expect_file("freehint_connected");
		kill(-agent_rig.agent, signals[i].number);
		assert_int_equal(stop_agent(0), signals[i].status);
		expect_no_file();
		fake_qmp_hang_up(&agent_rig.server);
	}
}

static char group[96], pressure[128];

static bool make_group(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(group, sizeof(group), "%s/freehint-unit-%d", roots[i], (int)getpid());
		snprintf(pressure, sizeof(pressure), "%s/memory.pressure", group);
		if (mkdir(group, 0755))
			continue;
		if (!access(pressure, F_OK))
			return true;
		rmdir(group);
	}
	return false;
}

/* Older kernels do not wake those who watch a control group that is removed. */
static bool removal_is_told(void)
{
	struct pollfd trigger = { .events = POLLPRI };
	bool told;

	if (!make_group())
		return false;
	trigger.fd = pressure_trigger_open(pressure);
	rmdir(group);
	told = trigger.fd >= 0 && poll(&trigger, 1, 1000) == 1;
	close(trigger.fd);
	return told;
}

/* An agent that never asks for memory again must not look like one that does. */
static void removed_control_group_is_told(void **state)
{
	char file[160], watched[96];

	if (!removal_is_told() || !make_group()) {
		printf("skipped: no control group here whose pressure can be watched\n");
		skip();
	}
	snprintf(file, sizeof(file), "--pressure-file=%s", pressure);
	agent_rig.more[0] = file;
	agent_rig.more[1] = option;
	start_agent("--give-back=pressure");
	snprintf(watched, sizeof(watched),
		 "\nfreehint_pressure_watched{vm=\"freehint-metrics-%d\"} 1\n", (int)getpid());
	expect_file(watched);
	rmdir(group);
	expect_said("reports no pressure any more");
	watched[strlen(watched) - 2] = '0';
	expect_file(watched);
	assert_int_equal(stop_agent(SIGTERM), 0);
}

/* What is left in the file of this suffix in place of ".prom", or none; it goes. */
static bool is_left(const char *suffix, const char *text)
{
	char moved[80];
	bool left;

	snprintf(moved, sizeof(moved), "%.*s%s", (int)strlen(path) - 5, path, suffix);
	left = has(moved, text);
	unlink(moved);
	return left;
}

static bool got_last(struct fake_qmp *server)
{
	return server->lasts;
}

static bool asked_thrice(struct fake_qmp *server)
{
	return server->queries >= 3;
}

/* One migration; then QEMU is in @runstate, says so, and goes. */
static void migrate_and_end(const char *runstate)
{
	attach(option);
	agent_rig.server.status = "active";
	agent_rig_publish(75, ~0ULL, 1);
	assert_true(fake_qmp_serve(&agent_rig.server, got_last, WAIT_MS));
	freehint_write_request(agent_rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	agent_rig.server.runstate = runstate;
	agent_rig.server.status = "completed";
	expect_said("migration completed");
	agent_rig.server.queries = 0;
	assert_true(fake_qmp_serve(&agent_rig.server, asked_thrice, WAIT_MS));
	expect_file("outcome=\"completed\"} 1");
	fake_qmp_hang_up(&agent_rig.server);
	expect_file("\"} 0\n# HELP freehint_guest_present");
	assert_int_equal(stop_agent(SIGTERM), 0);
	expect_no_file();
}

static void numbers_of_a_guest_that_moved_stay(void **state)
{
	migrate_and_end("postmigrate");
	assert_true(is_left(".prom.moved", "freehint_last_migration_skipped_bytes"));
	assert_true(is_left("~moved.prom", "outcome=\"completed\"} 1"));
}

/* The "migration" was a snapshot. */
static void a_guest_that_went_on_here_has_not_moved(void **state)
{
	migrate_and_end("running");
	assert_false(is_left(".prom.moved", ""));
	assert_false(is_left("~moved.prom", ""));
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, agent_rig_teardown)

RUN_AGENT_TESTS(
		RIG_TEST(file_follows_the_connection),
		RIG_TEST(file_goes_with_an_agent_that_was_killed),
		RIG_TEST(file_goes_when_both_get_a_signal),
		RIG_TEST(removed_control_group_is_told),
		RIG_TEST(numbers_of_a_guest_that_moved_stay),
		RIG_TEST(a_guest_that_went_on_here_has_not_moved),
)
