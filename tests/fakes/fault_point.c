// SPDX-License-Identifier: GPL-2.0
/*
 * Holds the agent at one step of its protocol until the test decides about it.
 *
 * FREEHINT_FAULT_POINT names the step, FREEHINT_FAULT_ROUND the number of rounds
 * that must have been seen before it counts: of each such round the agent says that it
 * has seen it. At its step it says that it is there and waits for a byte on its standard
 * input: the test has all the time it wants to kill or stop it at exactly this place. No
 * system call is made that the sandbox does not let through anyway.
 */
#include "fault_point.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the test says. */
#define GO_ON	'g'
#define ABORT	'a'	/* break every connection, then go on */
#define LEAVE	'x'	/* end without another word */

/* The agent has some ten descriptors. */
#define MAX_FD	64

static const char *const names[FAULT_POINT_COUNT] = {
#define NAME(name) [FAULT_##name] = #name,
	FAULT_POINTS(NAME)
#undef NAME
};

static int wanted = -1;
static int wanted_round;
static int rounds;

__attribute__((constructor)) static void read_wish(void)
{
	const char *name = getenv("FREEHINT_FAULT_POINT");
	const char *round = getenv("FREEHINT_FAULT_ROUND");
	int i;

	for (i = 0; name && i < FAULT_POINT_COUNT; i++)
		if (!strcmp(name, names[i]))
			wanted = i;
	wanted_round = round ? atoi(round) : 0;
}

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void abort_connections(void)
{
	int fd;

	for (fd = STDERR_FILENO + 1; fd < MAX_FD; fd++)
		shutdown(fd, SHUT_RDWR);
}

void fault_point(enum fault_point point)
{
	char order = GO_ON;

	if (point == FAULT_ROUND_SEEN) {
		rounds++;
		if (wanted_round)
			say("round seen\n");
	}
	if ((int)point != wanted || rounds < wanted_round)
		return;
	wanted = -1;
	say("fault point ");
	say(names[point]);
	say(" reached\n");
	if (read(STDIN_FILENO, &order, 1) < 0)
		_exit(1);
	if (order == LEAVE)
		_exit(0);
	if (order == ABORT)
		abort_connections();
}
