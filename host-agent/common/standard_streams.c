// SPDX-License-Identifier: GPL-2.0
/*
 * Standard input, output and error of a program, which its caller may have closed.
 */
#define _GNU_SOURCE
#include "standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A new file gets the lowest number that is free. It is for the children, too: no O_CLOEXEC. */
static int open_closed(int fd)
{
	int wrong_way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

	return fcntl(fd, F_GETFD) < 0 ? open("/dev/null", wrong_way) : fd;
}

void streams_init(int lost)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (open_closed(fd) == fd)
			continue;
		dprintf(STDERR_FILENO, "%s: descriptor %d is closed, and /dev/null cannot be opened for it: %s\n",
			program_invocation_short_name, fd, strerror(errno));
		exit(lost);
	}
}
