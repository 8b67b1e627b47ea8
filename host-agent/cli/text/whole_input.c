// SPDX-License-Identifier: GPL-2.0
/*
 * Reads all that a descriptor has, within a limit.
 */
#include "whole_input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP	65536

static int read_more(int fd, char **text, size_t *len, size_t room)
{
	char *larger = realloc(*text, *len + room);
	ssize_t got;

	if (!larger)
		return -ENOMEM;
	*text = larger;
	do {
		got = read(fd, *text + *len, room);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	*len += (size_t)got;
	return got > 0;
}

int whole_input(int fd, size_t max, char **text, size_t *len)
{
	size_t room;
	int ret;

	*text = NULL;
	*len = 0;
	do {
		room = max + 1 - *len < STEP ? max + 1 - *len : STEP;
		ret = read_more(fd, text, len, room);
	} while (ret > 0 && *len <= max);
	if (ret >= 0)
		return 0;
	free(*text);
	*text = NULL;
	return ret;
}
