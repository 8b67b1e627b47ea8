// SPDX-License-Identifier: GPL-2.0
/*
 * The names of the writer's files: one that nobody reads is told, two writers of one file do not
 * take each other's texts away, and what a writer that was killed has left is removed.
 */
/* links: host-agent/agent/metrics-writer/metrics_writer.c */
/* links: host-agent/agent/metrics-writer/moved_files.c */
/* links: host-agent/agent/sandbox/isolation.c host-agent/agent/sandbox/syscall_filter.c */
/* links: host-agent/common/log.c host-agent/common/printable.c */
/* libs: libseccomp libcap-ng jansson */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/agent/metrics-writer/moved_files.h"
#include "host-agent/agent/metrics-writer/metrics_writer.h"
#include "host-agent/common/log.h"
#include "tests/unit/unit.h"

static char dir[64], path[96];
static int words, before;

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/freehint-metrics-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/vm1.prom", dir);
	words = memfd_create("words", MFD_CLOEXEC);
	before = dup(STDERR_FILENO);
	dup2(words, STDERR_FILENO);
	log_init(LOG_LEVEL_WARN);
	return 0;
}

static int teardown(void **state)
{
	dup2(before, STDERR_FILENO);
	close(before);
	close(words);
	return rmdir(dir);
}

/* What the writers have said so far. */
static const char *said(void)
{
	static char text[4096];
	ssize_t len = pread(words, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void end_writer(int writer)
{
	int status;

	close(writer);
	assert_true(wait(&status) > 0);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void name_that_nobody_reads_is_a_warning(void **state)
{
	char odd[128];

	end_writer(metrics_writer_start(path));
	assert_string_equal(said(), "");
	snprintf(odd, sizeof(odd), "%s/vm1", dir);
	end_writer(metrics_writer_start(odd));
	assert_non_null(strstr(said(), "warn: "));
	assert_non_null(strstr(said(), "/vm1 does not end in .prom"));
}

/* A mistake, but neither of them says that the directory is missing. */
static void two_writers_do_not_take_each_others_texts(void **state)
{
	int writer[2], status, i;

	writer[0] = metrics_writer_start(path);
	writer[1] = metrics_writer_start(path);
	for (i = 0; i < 4000; i++)
		assert_int_equal(send(writer[i % 2], "text\n", 5, 0), 5);
	for (i = 0; i < 2; i++)
		close(writer[i]);
	while (wait(&status) > 0)
		assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_string_equal(said(), "");
}

static void leave_file(const char *name, time_t seconds)
{
	const struct timespec then = { .tv_sec = time(NULL) - seconds };
	const struct timespec times[2] = { then, then };
	char file[128];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

/* Takes the file away; was it there? */
static bool take_away(const char *name)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return !unlink(file);
}

static void text_of_a_killed_writer_is_removed(void **state)
{
	static const char *const others[] = {
		"vm1.prom.99.new", "vm2.prom.17.new", "vm1.prom.new", "vm1.prom.17.news",
		"vm1.prom.x.new", "vm1.prom.17x.new", "1vm1.prom.17.new",
	};
	size_t i;

	leave_file("vm1.prom.17.new", 3600);
	/* written at this moment, by another */
	leave_file(others[0], 0);
	for (i = 1; i < sizeof(others) / sizeof(others[0]); i++)
		leave_file(others[i], 3600);
	moved_files_prune(path);
	assert_false(take_away("vm1.prom.17.new"));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_true(take_away(others[i]));
}

RUN_TESTS(NULL, NULL,
		TEST(name_that_nobody_reads_is_a_warning),
		TEST(two_writers_do_not_take_each_others_texts),
		TEST(text_of_a_killed_writer_is_removed),
)
