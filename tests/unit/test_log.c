// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of the log: each begins with the name of the program that writes it. What QEMU says is
 * a part of a line, and makes neither another line nor something that a terminal would obey. A
 * reader that has stopped stops nobody, and what never reports room is written all the same.
 */
/* links: host-agent/common/log.c */
/* links: host-agent/common/printable.c */
/* flags: -Wl,--wrap=ppoll */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/common/log.h"
#include "tests/unit/unit.h"

static char line[1024];

/* Does no descriptor report room? So /dev/kmsg is, which not every test may write. */
static bool no_room;

int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *wait,
		 const sigset_t *set);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *wait,
		 const sigset_t *set);

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *wait,
		 const sigset_t *set)
{
	return no_room ? 0 : __real_ppoll(fds, count, wait, set);
}

/* As at a start: the log looks what its descriptors are. */
static void put_at(int fd, int number)
{
	dup2(fd, number);
	log_init(LOG_LEVEL_INFO);
}

/* What is written for @text, in @line. */
static void say(const char *text)
{
	int kept = dup(STDERR_FILENO), ends[2];
	ssize_t len;

	assert_int_equal(pipe(ends), 0);
	put_at(ends[1], STDERR_FILENO);
	log_error("QEMU said %s", text);
	put_at(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	len = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	assert_true(len > 0);
	line[len] = '\0';
}

/* Return: what is written for @text, behind the time. */
static const char *logged(const char *text)
{
	const char *at;

	say(text);
	at = strstr(line, "error: ");
	assert_non_null(at);
	return at;
}

static void a_line_has_the_name_of_its_program(void **state)
{
	say("nothing");
	assert_int_equal(strncmp(line, "test_log: ", 10), 0);
}

static void plain_text_stays(void **state)
{
	assert_string_equal(logged("\xc3\xa9 at 5 \xc2\xb5s"),
			    "error: QEMU said \xc3\xa9 at 5 \xc2\xb5s\n");
}

static void a_text_cannot_command_a_terminal(void **state)
{
	assert_string_equal(logged("a\x1b]0;x\x07 b\xc2\x9b""2J\x7f"),
			    "error: QEMU said a?]0;x? b?2J?\n");
}

static void a_text_makes_no_other_line(void **state)
{
	assert_string_equal(logged("a\r\nfreehint-agent: all is well"),
			    "error: QEMU said a??freehint-agent: all is well\n");
}

/* A character of two bytes begins at each second byte, odd or even. */
static void a_long_text_is_cut_between_characters(void **state)
{
	char text[600] = "";
	int odd;

	for (odd = 0; odd < 2; odd++) {
		memset(text, 'x', 2);
		while (strlen(text) + 2 < sizeof(text))
			strcat(text, "\xc3\xa9");
		assert_int_equal(strlen(strchr(logged(text + odd), '\n')), 1);
		assert_int_equal(strncmp(strchr(line, '\n') - 2, "\xc3\xa9", 2), 0);
		text[0] = '\0';
	}
}

/* What is written at @level where JOURNAL_STREAM names standard error, or a file beside it. */
static const char *in_journal(enum log_level level, int beside)
{
	int kept = dup(STDERR_FILENO), ends[2];
	char stream[64];
	struct stat info;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fstat(ends[1], &info), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)info.st_dev,
		 (unsigned long long)info.st_ino + (unsigned long long)beside);
	setenv("JOURNAL_STREAM", stream, 1);
	dup2(ends[1], STDERR_FILENO);
	log_init(LOG_LEVEL_DEBUG);
	log_line(level, "a line");
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	unsetenv("JOURNAL_STREAM");
	log_init(LOG_LEVEL_INFO);
	line[read(ends[0], line, sizeof(line) - 1)] = '\0';
	close(ends[0]);
	return line;
}

static void journal_gets_the_priority(void **state)
{
	static const char *const begins[LOG_LEVEL_COUNT] = {
		[LOG_LEVEL_ERROR] = "<3>test_log: ", [LOG_LEVEL_WARN] = "<4>test_log: ",
		[LOG_LEVEL_INFO] = "<6>test_log: ", [LOG_LEVEL_DEBUG] = "<7>test_log: ",
	};
	enum log_level level;

	for (level = 0; level < LOG_LEVEL_COUNT; level++) {
		assert_ptr_equal(strstr(in_journal(level, 0), begins[level]), line);
		assert_ptr_equal(strstr(in_journal(level, 1), "test_log: "), line);
	}
}

/* Seconds after which a test that waits for its reader ends. */
#define PATIENCE 30

/* The end that is written, which is full, as @number of this process; its reader's in @reader. */
static int replace(int number, int ends[2], int *reader)
{
	int kept = dup(number), flags = fcntl(ends[1], F_GETFL);

	fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
	while (write(ends[1], "x", 1) == 1)
		;
	fcntl(ends[1], F_SETFL, flags);
	put_at(ends[1], number);
	close(ends[1]);
	*reader = ends[0];
	return kept;
}

static void restore(int number, int kept, int reader)
{
	put_at(kept, number);
	close(kept);
	close(reader);
}

/* What is left to read, in @line, without what was there to fill it. */
static const char *read_all(int reader)
{
	ssize_t len = 0, got;
	char bytes[4096];

	fcntl(reader, F_SETFL, O_NONBLOCK);
	while ((got = read(reader, bytes, sizeof(bytes))) > 0) {
		if (bytes[got - 1] == 'x')
			continue;
		assert_true(len + got < (ssize_t)sizeof(line));
		memcpy(line + len, bytes, (size_t)got);
		len += got;
	}
	line[len] = '\0';
	return line + strspn(line, "x");
}

static void check_full(int ends[2])
{
	int reader, kept = replace(STDERR_FILENO, ends, &reader);
	const char *second, *said;

	alarm(PATIENCE);
	log_error("nobody reads this");
	log_error("nor this");
	read_all(reader);
	log_error("somebody reads this");
	alarm(0);
	said = read_all(reader);
	second = strchr(said, '\n');
	restore(STDERR_FILENO, kept, reader);
	assert_non_null(strstr(said, "warn: 2 lines of the log were lost, "));
	assert_non_null(second);
	assert_non_null(strstr(second, "error: somebody reads this\n"));
	assert_null(strstr(said, "nobody"));
}

static void a_pipe_that_is_full_is_not_waited_for(void **state)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	check_full(ends);
}

/* As journald's: what fills it is one byte for each message. */
static void a_socket_that_is_full_is_not_waited_for(void **state)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_full(ends);
}

/* Whoever gave it to us may write there, too, and wait. */
static void the_open_file_stays_as_it_was(void **state)
{
	int ends[2], kept = dup(STDERR_FILENO), flags;

	assert_int_equal(pipe(ends), 0);
	flags = fcntl(ends[1], F_GETFL);
	put_at(ends[1], STDERR_FILENO);
	log_error("one line");
	put_at(kept, STDERR_FILENO);
	close(kept);
	assert_int_equal(fcntl(ends[1], F_GETFL), flags);
	close(ends[0]);
	close(ends[1]);
}

static void output_that_is_lost_is_told_in_the_log(void **state)
{
	int ends[2], reader, kept;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	kept = replace(STDOUT_FILENO, ends, &reader);
	alarm(PATIENCE);
	log_output("lost\n", 5);
	alarm(0);
	restore(STDOUT_FILENO, kept, reader);
	say("nothing");
	assert_non_null(strstr(line, "warn: 1 lines of the output were lost, "));
}

/* What comes of a line that is written to @fd, which reports no room, in @line. */
static const char *without_room(int fd, int reader)
{
	int kept = dup(STDERR_FILENO);

	put_at(fd, STDERR_FILENO);
	no_room = true;
	log_error("a line");
	no_room = false;
	put_at(kept, STDERR_FILENO);
	close(kept);
	return read_all(reader);
}

/* Files and devices have no reader that stops, and not all report that there is room. */
static void what_never_reports_room_is_written(void **state)
{
	char name[] = "/tmp/freehint-log-XXXXXX";
	int fd = mkstemp(name), reader = open(name, O_RDONLY);
	const char *said;

	assert_true(fd >= 0 && reader >= 0);
	unlink(name);
	said = without_room(fd, reader);
	close(fd);
	close(reader);
	assert_non_null(strstr(said, "error: a line\n"));
}

/* Bytes that a file of ours may have. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_is_cut_short_does_not_take_the_next(void **state)
{
	char name[] = "/tmp/freehint-log-XXXXXX";
	int fd = mkstemp(name), reader = open(name, O_RDONLY), kept = dup(STDERR_FILENO);
	const char *said;

	assert_true(fd >= 0 && reader >= 0);
	unlink(name);
	put_at(fd, STDERR_FILENO);
	limit_files(10);
	log_error("this is cut");
	limit_files(RLIM_INFINITY);
	log_error("this is whole");
	log_error("so is this");
	put_at(kept, STDERR_FILENO);
	close(kept);
	said = read_all(reader);
	close(fd);
	close(reader);
	assert_int_equal(strncmp(said, "test_log: \ntest_log: ", 21), 0);
	assert_non_null(strstr(said, "warn: 1 lines of the log were lost, "));
	assert_non_null(strstr(said, "error: this is whole\ntest_log: "));
}

/* It has a reader that may have stopped it. */
static void a_terminal_is_looked_at(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd = -1;
	const char *said;

	if (master >= 0 && !grantpt(master) && !unlockpt(master))
		fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (fd < 0) {
		printf("skipped: no terminals here\n");
		skip();
	}
	said = without_room(fd, master);
	close(fd);
	close(master);
	assert_string_equal(said, "");
	say("nothing");
	assert_non_null(strstr(line, "warn: 1 lines of the log were lost, "));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_line_has_the_name_of_its_program),
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(a_text_cannot_command_a_terminal),
		cmocka_unit_test(a_text_makes_no_other_line),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(journal_gets_the_priority),
		cmocka_unit_test(a_pipe_that_is_full_is_not_waited_for),
		cmocka_unit_test(a_socket_that_is_full_is_not_waited_for),
		cmocka_unit_test(the_open_file_stays_as_it_was),
		cmocka_unit_test(output_that_is_lost_is_told_in_the_log),
		cmocka_unit_test(what_never_reports_room_is_written),
		cmocka_unit_test(a_line_that_is_cut_short_does_not_take_the_next),
		cmocka_unit_test(a_terminal_is_looked_at),
)
