// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the signals that ask the tool to end, instead of ending the process.
 */
#include "interrupts.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t count;

static void note_interrupt(int signal)
{
	(void)signal;
	count = count + 1;
}

void interrupts_catch(void)
{
	const struct sigaction noted = { .sa_handler = note_interrupt };
	const struct sigaction ignored = { .sa_handler = SIG_IGN };

	struct sigaction found;

	count = 0;
	sigaction(SIGINT, &noted, NULL);
	sigaction(SIGTERM, &noted, NULL);
	sigaction(SIGPIPE, &ignored, NULL);
	/* nohup has asked for this already. */
	if (!sigaction(SIGHUP, NULL, &found) && found.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &noted, NULL);
}

void interrupts_ignore_hangup(void)
{
	const struct sigaction ignored = { .sa_handler = SIG_IGN };

	sigaction(SIGHUP, &ignored, NULL);
}

unsigned int interrupts_count(void)
{
	return (unsigned int)count;
}
