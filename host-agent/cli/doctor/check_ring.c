// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: will the agent use io_uring or poll?
 *
 * What works for this process may not work for the agent: with kernel.io_uring_disabled=1
 * root can create a ring, but the agent cannot, because it drops all capabilities first.
 */
#include "check_ring.h"

#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../terminal/findings.h"

#define SYSCTL		"/proc/sys/kernel/"

/* Return: the value, or @absent when the kernel has no such sysctl. */
static int read_sysctl(const char *path, int absent)
{
	FILE *file = fopen(path, "r");
	int value = absent;
	char line[32];

	if (!file)
		return absent;
	if (fgets(line, sizeof(line), file))
		value = (int)strtol(line, NULL, 10);
	fclose(file);
	return value;
}

/* Create a ring like the agent's. Return: 0 or negative errno. */
static int try_ring(void)
{
	struct io_uring ring;
	int ret = io_uring_queue_init(4, &ring, IORING_SETUP_R_DISABLED);

	if (!ret)
		io_uring_queue_exit(&ring);
	return ret;
}

void check_ring(void)
{
	int disabled = read_sysctl(SYSCTL "io_uring_disabled", 0);
	int group = read_sysctl(SYSCTL "io_uring_group", -1);
	int ret = try_ring();

	if (disabled == 1 && group >= 0)
		finding_note("the agent polls unless its user is in group %d (sysctls "
			     "kernel.io_uring_disabled=1, kernel.io_uring_group); it hints "
			     "all the same", group);
	else if (disabled)
		finding_note("the agent polls, because io_uring is disabled (sysctl "
			     "kernel.io_uring_disabled=%d); it hints all the same", disabled);
	else if (ret)
		finding_note("the agent polls, because io_uring cannot be used (%s); it hints "
			     "all the same", strerror(-ret));
	else
		finding_ok("the agent can use io_uring");
}
