// SPDX-License-Identifier: GPL-2.0
/*
 * Who says how many lines of the log were lost: the process that lost them, once, and at its end
 * if no line comes after them.
 */
/* links: host-agent/agent/metrics-writer/metrics_writer.c */
/* links: host-agent/agent/metrics-writer/moved_files.c */
/* links: host-agent/agent/sandbox/isolation.c host-agent/agent/sandbox/syscall_filter.c */
/* links: host-agent/common/log.c host-agent/common/printable.c */
/* libs: libseccomp libcap-ng jansson */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-agent/agent/metrics-writer/metrics_writer.h"
#include "host-agent/common/log.h"
#include "tests/unit/unit.h"

static int kept, reader;
static char said[65536 + 1024];

static void put_at(int fd)
{
	dup2(fd, STDERR_FILENO);
	log_init(LOG_LEVEL_INFO);
}

/* Return: all that is in the pipe, behind what filled it. */
static const char *read_all(void)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(reader, said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	return said + strspn(said, "x");
}

/* Standard error is a pipe that was full when a line was to be written, and has room again. */
static int lose_a_line(void **state)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	kept = dup(STDERR_FILENO);
	reader = ends[0];
	while (write(ends[1], "x", 1) == 1)
		;
	put_at(ends[1]);
	close(ends[1]);
	log_error("nobody reads this");
	read_all();
	return 0;
}

static int restore(void **state)
{
	log_forget_lost();
	put_at(kept);
	close(kept);
	close(reader);
	return 0;
}

static void the_writer_does_not_say_it_again(void **state)
{
	int writer = metrics_writer_start("/nonexistent/vm1.prom");
	const char *text;
	int status;

	assert_true(writer >= 0);
	assert_int_equal(send(writer, "text", 4, 0), 4);
	close(writer);
	assert_true(wait(&status) > 0);
	text = read_all();
	assert_non_null(strstr(text, "warn: metrics cannot be written to "));
	assert_null(strstr(text, "were lost"));
	log_error("the next line");
	assert_non_null(strstr(read_all(), "warn: 1 lines of the log were lost, "));
}

static void it_is_said_once(void **state)
{
	assert_true(log_tell_lost());
	assert_non_null(strstr(read_all(), "warn: 1 lines of the log were lost, "));
	assert_true(log_tell_lost());
	log_error("the next line");
	assert_null(strstr(read_all(), "were lost"));
}

#define LOST_TEST(f) cmocka_unit_test_setup_teardown(f, lose_a_line, restore)

RUN_TESTS(NULL, NULL,
		LOST_TEST(the_writer_does_not_say_it_again),
		LOST_TEST(it_is_said_once),
)
