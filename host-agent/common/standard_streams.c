// SPDX-License-Identifier: GPL-2.0
/*
 * Standard input, output and error of a program. Its caller may have closed them, and what is
 * printed may find no room.
 */
#define _GNU_SOURCE
#include "standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit status instead of 0 when output was lost, 0: none. */
static int lost_status;
/* Why it was lost. The stream does not keep that, and forgets what it could not write. */
static int lost_errno;

/* A new file gets the lowest number that is free. It is for the children, too: no O_CLOEXEC. */
static int open_closed(int fd)
{
	int wrong_way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

	if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
		return fd;
	return open("/dev/null", wrong_way);
}

bool streams_flush(void)
{
	if (!fflush(stdout))
		return !ferror(stdout);
	lost_errno = errno;
	return false;
}

/* Without dprintf(), whose lseek() the agent's sandbox forbids. */
static void say_lost(const char *why)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%.64s: cannot write the output: %.128s\n",
			   program_invocation_short_name, why);

	/* If this cannot be written either, the exit status has to do. */
	if (len < 0 || write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

/* Some file systems find out at the close. */
static void end(int status, void *unused)
{
	bool lost = !streams_flush();

	(void)unused;
	if (fclose(stdout)) {
		lost = true;
		lost_errno = errno;
	}
	if (!lost)
		return;
	if (lost_errno != EPIPE)
		say_lost(lost_errno ? strerror(lost_errno) : "a part of it is lost");
	if (!status && lost_status)
		_exit(lost_status);
}

void streams_keep_status(void)
{
	lost_status = 0;
}

void streams_init(int lost)
{
	int fd;

	lost_status = lost;
	on_exit(end, NULL);
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (open_closed(fd) == fd)
			continue;
		dprintf(STDERR_FILENO, "%s: descriptor %d is closed, and /dev/null cannot be opened for it: %s\n",
			program_invocation_short_name, fd, strerror(errno));
		exit(lost);
	}
}
