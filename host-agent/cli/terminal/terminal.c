// SPDX-License-Identifier: GPL-2.0
/*
 * Width and colours of a terminal.
 */
#include "terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

unsigned int terminal_columns(int fd, unsigned int otherwise)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col ? otherwise : size.ws_col;
}

bool terminal_wants_colour(int fd)
{
	const char *never = getenv("NO_COLOR");

	return isatty(fd) && !(never && *never);
}
