// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the agent's program between a fake QEMU and a fake guest, and reads what it
 * says.
 */
/* links: tests/fakes/agent_rig.c tests/fakes/ban_ring.c */
/* links: tests/fakes/fake_qmp_server.c */
/* links: proto/host_request.c proto/host_snapshot.c */
/* links: proto/host_offer.c */
/* links: proto/guest_publish.c */
/* libs: jansson */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent_rig.h"

struct agent_rig agent_rig;
static char program[4096];

/* The program is in build/, we are in build/tests/unit/ or the like. */
static bool find_program(void)
{
	const char *given = getenv("FREEHINT_AGENT");
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 64);
	char *end;
	int i;

	if (given) {
		snprintf(program, sizeof(program), "%s", given);
		return !access(program, X_OK);
	}
	if (len <= 0)
		return false;
	program[len] = '\0';
	for (i = 0; i < 3; i++) {
		end = strrchr(program, '/');
		if (!end)
			return false;
		*end = '\0';
	}
	strcat(program, "/freehint-agent");
	return !access(program, X_OK);
}

int hide_directory(const char *path)
{
	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", path, "tmpfs", MS_RDONLY, NULL))
		return -errno;
	return 0;
}

static void fill(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, "x", 1) == 1)
		;
	fcntl(fd, F_SETFL, 0);
}

void start_agent(const char *option)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	if (agent_rig.full)
		fill(ends[1]);
	agent_rig.agent = fork();
	assert_true(agent_rig.agent >= 0);
	if (!agent_rig.agent) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		if (agent_rig.no_output)
			dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		if (agent_rig.leads)
			setpgid(0, 0);
		if (agent_rig.banned && ban_ring(agent_rig.ban, EPERM))
			_exit(98);
		if (agent_rig.hidden && hide_directory(agent_rig.hidden))
			_exit(97);
		execl(program, program, "--qmp", agent_rig.server.path, "--shm", agent_rig.shm_path,
		      "--log-level", "debug", option, agent_rig.more[0], agent_rig.more[1], NULL);
		_exit(99);
	}
	close(ends[1]);
	agent_rig.out = ends[0];
	fcntl(agent_rig.out, F_SETFL, O_NONBLOCK);
}

int agent_rig_setup(void **state)
{
	char path[64];

	agent_rig.banned = false;
	agent_rig.hidden = NULL;
	memset(agent_rig.more, 0, sizeof(agent_rig.more));
	agent_rig.leads = false;
	agent_rig.full = false;
	agent_rig.no_output = false;
	agent_rig.len = 0;
	snprintf(agent_rig.shm_path, sizeof(agent_rig.shm_path), "/dev/shm/freehint-unit-XXXXXX");
	agent_rig.shm = region_make_file(agent_rig.shm_path, AGENT_RIG_SIZE).shm;
	assert_int_equal(freehint_publisher_attach(&agent_rig.guest, agent_rig.shm,
						   AGENT_RIG_SIZE), 0);
	snprintf(path, sizeof(path), "/tmp/freehint-unit-%d.qmp", getpid());
	assert_int_equal(fake_qmp_listen(&agent_rig.server, path), 0);
	agent_rig.server.instance = AGENT_RIG_INSTANCE;
	agent_rig.server.size = AGENT_RIG_SIZE;
	return 0;
}

int agent_rig_setup_without_ring(void **state)
{
	int ret = agent_rig_setup(state);

	agent_rig.banned = true;
	agent_rig.ban = RING_SETUP;
	return ret;
}

void collect_output(void)
{
	ssize_t got;

	while (agent_rig.len < TEXT - 1) {
		got = read(agent_rig.out, agent_rig.text + agent_rig.len, TEXT - 1 - agent_rig.len);
		if (got <= 0)
			break;
		agent_rig.len += (size_t)got;
	}
	agent_rig.text[agent_rig.len] = '\0';
}

/* Return: exit code, -1 when a signal ended it. */
int stop_agent(int sig)
{
	int status;

	if (sig)
		kill(agent_rig.agent, sig);
	status = child_status(agent_rig.agent);
	collect_output();
	close(agent_rig.out);
	agent_rig.agent = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int agent_rig_teardown(void **state)
{
	if (agent_rig.agent)
		stop_agent(SIGKILL);
	fake_qmp_close(&agent_rig.server);
	munmap(agent_rig.shm, AGENT_RIG_SIZE);
	return unlink(agent_rig.shm_path);
}

static const char *awaited;

static bool said(struct fake_qmp *server)
{
	collect_output();
	return strstr(agent_rig.text, awaited);
}

void expect_said(const char *text)
{
	awaited = text;
	if (!fake_qmp_serve(&agent_rig.server, said, WAIT_MS))
		fail_msg("the agent did not say \"%s\" but:\n%s", text, agent_rig.text);
}

void agent_rig_publish(u64 round, u64 word, u64 count)
{
	guest_voice_round(&agent_rig.guest, agent_rig.shm, round, word, count);
}

void attach(const char *option)
{
	start_agent(option);
	expect_said("attached");
}

const char *agent_rig_find(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* An agent goes on ignoring what was ignored at its start, as in a script's background. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	return find_program() ? program : NULL;
}
