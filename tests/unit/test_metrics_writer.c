// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics writer: a file that is whole at any time, readable, gone with the agent; what is left
 * of guests that moved away, and how much of it; a directory that is not there; and a sandbox
 * that leaves it this and no more.
 */
/* links: host-agent/agent/metrics-writer/metrics_writer.c */
/* links: host-agent/agent/metrics-writer/moved_files.c */
/* links: host-agent/agent/sandbox/isolation.c host-agent/agent/sandbox/syscall_filter.c */
/* links: host-agent/common/log.c host-agent/common/printable.c */
/* libs: libseccomp libcap-ng jansson */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/agent/sandbox/isolation.h"
#include "host-agent/agent/metrics-writer/moved_files.h"
#include "host-agent/common/log.h"
#include "host-agent/common/moved_metrics.h"
#include "host-agent/agent/metrics/metrics.h"
#include "host-agent/agent/metrics-writer/metrics_writer.h"
#include "host-agent/agent/sandbox/syscall_filter.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 60000

static char dir[64], path[96];

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/freehint-metrics-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/vm1.prom", dir);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(dir);
}

/* What the file holds, "" when it is not there. */
static const char *content(void)
{
	static char text[METRICS_TEXT];
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void wait_for(const char *text)
{
	int waited;

	for (waited = 0; strcmp(content(), text) != 0; waited++) {
		assert_true(waited < PATIENCE_MS);
		usleep(1000);
	}
}

static void tell(int writer, const char *text)
{
	assert_int_equal(send(writer, text, strlen(text), 0), strlen(text));
}

static void wait_for_end(int expected)
{
	int status;

	assert_true(wait(&status) > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void file_follows_and_goes_with_the_agent(void **state)
{
	struct stat info;
	int writer;

	umask(077);
	writer = metrics_writer_start(path);
	assert_true(writer >= 0);
	tell(writer, "first\n");
	wait_for("first\n");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0644);
	tell(writer, "second, and longer\n");
	wait_for("second, and longer\n");
	tell(writer, "3\n");
	wait_for("3\n");
	close(writer);
	wait_for_end(0);
	assert_int_equal(access(path, F_OK), -1);
}

/* Written @seconds ago, beside the writer's file. */
static void leave_file(const char *name, time_t seconds)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - seconds } };
	char file[512];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	times[1] = times[0];
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool is_left(const char *name)
{
	char file[512];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return !access(file, F_OK);
}

/* Takes the file away; was it there? */
static bool take_away(const char *name)
{
	char file[512];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return !unlink(file);
}

static void farewell_stays_until_the_guest_is_back(void **state)
{
	int writer = metrics_writer_start(path);

	assert_true(writer >= 0);
	tell(writer, "first\n");
	tell(writer, METRICS_MOVED "last\n");
	close(writer);
	wait_for_end(0);
	assert_false(is_left("vm1.prom"));
	assert_true(is_left("vm1.prom.moved"));
	assert_true(is_left("vm1~moved.prom"));
	writer = metrics_writer_start(path);
	assert_true(writer >= 0);
	close(writer);
	wait_for_end(0);
	assert_false(is_left("vm1.prom.moved"));
	assert_false(is_left("vm1~moved.prom"));
}

/* The collector takes neither of two files with the same series. */
static void collector_never_sees_a_guest_twice(void **state)
{
	const time_t end = time(NULL) + 2;
	int writer;

	leave_file("vm1~moved.prom", 60);
	while (time(NULL) < end) {
		writer = metrics_writer_start(path);
		assert_true(writer >= 0);
		tell(writer, "first\n");
		wait_for("first\n");
		assert_false(is_left("vm1~moved.prom"));
		tell(writer, METRICS_MOVED "last\n");
		/* in this order: the writer renames the first to the second */
		while (!is_left("vm1~moved.prom"))
			usleep(10);
		assert_false(is_left("vm1.prom"));
		close(writer);
		wait_for_end(0);
	}
	assert_true(take_away("vm1~moved.prom"));
	assert_true(take_away("vm1.prom.moved"));
}

/* A file that the collector does not read is left for freehint top only. */
static void farewell_of_an_odd_name_is_no_metric(void **state)
{
	char odd[128];
	int writer;

	snprintf(odd, sizeof(odd), "%s/vm1", dir);
	writer = metrics_writer_start(odd);
	assert_true(writer >= 0);
	tell(writer, METRICS_MOVED "last\n");
	close(writer);
	wait_for_end(0);
	assert_true(take_away("vm1.moved"));
	assert_false(is_left("vm1~moved.prom"));
	assert_false(is_left("~moved.prom"));
}

static void few_files_of_guests_that_moved_are_left(void **state)
{
	char name[64];
	int i;

	leave_file("old.prom.moved", MOVED_METRICS_SECONDS + 60);
	leave_file("old.prom", MOVED_METRICS_SECONDS + 60);
	/* somebody else's */
	leave_file("old.moved", MOVED_METRICS_SECONDS + 60);
	for (i = 0; i < MOVED_METRICS_MAX; i++) {
		snprintf(name, sizeof(name), "%d.prom.moved", i);
		leave_file(name, i == 5 ? 7200 : 3600);
	}
	/* a host that was emptied: each ended after all had started */
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "gone%d.prom.moved", i);
		leave_file(name, 7300);
	}
	leave_file("old~moved.prom", SCRAPED_METRICS_SECONDS + 60);
	leave_file("new~moved.prom", SCRAPED_METRICS_SECONDS - 60);
	moved_files_prune(path);
	assert_false(take_away("old~moved.prom"));
	assert_true(take_away("new~moved.prom"));
	assert_false(take_away("old.prom.moved"));
	assert_true(take_away("old.prom"));
	assert_true(take_away("old.moved"));
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "gone%d.prom.moved", i);
		assert_false(take_away(name));
	}
	/* With the one that this agent may leave there are as many as before. */
	for (i = 0; i < MOVED_METRICS_MAX; i++) {
		snprintf(name, sizeof(name), "%d.prom.moved", i);
		assert_int_equal(take_away(name), i != 5);
	}
}

/* Somebody who reads all the time never sees half a text. */
static void file_is_whole_at_any_time(void **state)
{
	static char a[METRICS_TEXT - 8], b[METRICS_TEXT / 2];
	const char *seen;
	int writer, i;

	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'b', sizeof(b) - 1);
	writer = metrics_writer_start(path);
	assert_true(writer >= 0);
	tell(writer, a);
	wait_for(a);
	for (i = 0; i < 200; i++) {
		tell(writer, i % 2 ? a : b);
		seen = content();
		if (strcmp(seen, a) != 0)
			assert_string_equal(seen, b);
	}
	close(writer);
	wait_for_end(0);
}

static void missing_directory_is_survived(void **state)
{
	char nowhere[128];
	int writer;

	snprintf(nowhere, sizeof(nowhere), "%s/missing/vm1.prom", dir);
	writer = metrics_writer_start(nowhere);
	assert_true(writer >= 0);
	tell(writer, "lost\n");
	tell(writer, "lost, too\n");
	close(writer);
	wait_for_end(0);
}

/* Everything that the writer says on its way through @texts texts to @file. */
static const char *said_about(const char *file, unsigned int texts, void (*obstruct)(void))
{
	static char said[1024];
	int out[2], pair[2];
	char fresh[128];
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	while (texts--)
		tell(pair[0], "text\n");
	close(pair[0]);
	pid = fork();
	if (!pid) {
		dup2(out[1], STDERR_FILENO);
		log_init(LOG_LEVEL_INFO);
		snprintf(fresh, sizeof(fresh), "%s.1.new", file);
		obstruct();
		_exit(metrics_writer_run(pair[1], file, fresh));
	}
	close(out[1]);
	close(pair[1]);
	child_status(pid);
	len = read(out[0], said, sizeof(said) - 1);
	said[len > 0 ? len : 0] = '\0';
	close(out[0]);
	return said;
}

static void leave(void)
{
}

static void no_room(void)
{
	const struct rlimit limit = { 2, 2 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void what_is_wrong_is_said_once(void **state)
{
	char nowhere[128];
	const char *said;

	snprintf(nowhere, sizeof(nowhere), "%s/missing/vm1.prom", dir);
	said = said_about(nowhere, 5, leave);
	assert_non_null(strstr(said, "No such file or directory, create its directory"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	/* A part was written: the file was there, the room was not. */
	said = said_about(path, 1, no_room);
	assert_non_null(strstr(said, "No space left on device"));
}

static void link_in_the_way(void)
{
	char fresh[128], victim[128];

	snprintf(fresh, sizeof(fresh), "%s.1.new", path);
	snprintf(victim, sizeof(victim), "%s/victim", dir);
	if (symlink(victim, fresh))
		_exit(99);
}

static void link_in_the_way_is_not_followed(void **state)
{
	assert_string_equal(said_about(path, 1, link_in_the_way), "");
	assert_false(is_left("victim"));
	assert_false(is_left("vm1.prom.1.new"));
}

static void try_to_read_a_file(void)
{
	open("/proc/version", O_RDONLY);
}

static void try_to_fork(void)
{
	fork();
}

static void try_a_socket(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void the_rest_is_forbidden(void **state)
{
	void (*const tries[])(void) = { try_to_read_a_file, try_to_fork, try_a_socket };
	int status, null;
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		pid = fork();
		if (!pid) {
			null = open("/dev/null", O_WRONLY);
			dup2(null, STDERR_FILENO);
			if (isolation_start() || syscall_filter_seal_metrics_writer())
				_exit(99);
			tries[i]();
			_exit(0);
		}
		status = child_status(pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}

RUN_TESTS(NULL, NULL,
		TEST(file_follows_and_goes_with_the_agent),
		TEST(farewell_stays_until_the_guest_is_back),
		TEST(collector_never_sees_a_guest_twice),
		TEST(farewell_of_an_odd_name_is_no_metric),
		TEST(few_files_of_guests_that_moved_are_left),
		TEST(file_is_whole_at_any_time),
		TEST(missing_directory_is_survived),
		TEST(what_is_wrong_is_said_once),
		TEST(link_in_the_way_is_not_followed),
		TEST(the_rest_is_forbidden),
)
