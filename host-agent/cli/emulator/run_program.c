// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a program for what it prints. It may be no QEMU at all, so its time is limited.
 */
#include "run_program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Exit status of a program that cannot be run, as a shell has it. */
#define CANNOT_RUN	127

/* Room for a line; a longer one is taken in pieces. */
#define LINE_SIZE	256

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool wait_readable(int fd, long long until)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	long long left;
	int ret;

	do {
		left = until - now_ms();
		ret = left > 0 ? poll(&pfd, 1, (int)left) : 0;
	} while (ret < 0 && errno == EINTR);
	return ret > 0;
}

/* Have @taken look at each whole line. Return: bytes of the line that has no end yet. */
static size_t take_lines(char *text, size_t used, bool (*taken)(const char *line), bool *done)
{
	char line[LINE_SIZE];
	size_t len;
	char *end;

	while ((end = memchr(text, '\n', used)) || used == LINE_SIZE - 1) {
		len = end ? (size_t)(end - text) + 1 : used;
		memcpy(line, text, len);
		line[len] = '\0';
		*done = *done || taken(line);
		used -= len;
		memmove(text, text + len, used);
	}
	return used;
}

/*
 * Read to the end: otherwise SIGPIPE ends the program. The end comes when nobody has the pipe any
 * more, and the program may have left it to a child. Return: false if it does not come.
 */
static bool read_lines(int fd, bool (*taken)(const char *line), bool *done)
{
	long long until = now_ms() + RUN_PROGRAM_S * 1000LL;
	char text[LINE_SIZE];
	size_t used = 0;
	ssize_t got;

	do {
		if (!wait_readable(fd, until))
			return false;
		got = read(fd, text + used, LINE_SIZE - 1 - used);
		if (got > 0)
			used = take_lines(text, used + (size_t)got, taken, done);
	} while (got > 0 || (got < 0 && errno == EINTR));
	text[used] = '\0';
	*done = *done || (used && taken(text));
	return true;
}

/* In a group of its own, so that its children can be ended with it. */
static pid_t start(const char *path, const char *argument, const char *more, const int fds[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	/* So Ctrl-C ends the tool alone, and has to end the program with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The alarm survives exec, and so does a SIGALRM that is ignored. */
	signal(SIGALRM, SIG_DFL);
	alarm(RUN_PROGRAM_S);
	dup2(fds[1], STDOUT_FILENO);
	execl(path, path, argument, more, (char *)NULL);
	_exit(CANNOT_RUN);
}

int run_program(const char *path, const char *argument, const char *more,
		bool (*taken)(const char *line))
{
	bool done = false, ended;
	int fds[2], status = 0;
	pid_t pid;

	if (pipe(fds))
		return -EIO;
	pid = start(path, argument, more, fds);
	close(fds[1]);
	ended = pid > 0 && read_lines(fds[0], taken, &done);
	close(fds[0]);
	if (pid > 0 && !ended)
		kill(-pid, SIGKILL);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -EIO;
	if (done)
		return 1;
	return ended && WIFEXITED(status) && WEXITSTATUS(status) != CANNOT_RUN ? 0 : -EIO;
}
