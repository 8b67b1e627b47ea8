// SPDX-License-Identifier: GPL-2.0
/*
 * Counts SIGINT and SIGTERM instead of ending the process.
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

	count = 0;
	sigaction(SIGINT, &noted, NULL);
	sigaction(SIGTERM, &noted, NULL);
	sigaction(SIGHUP, &ignored, NULL);
	sigaction(SIGPIPE, &ignored, NULL);
}

unsigned int interrupts_count(void)
{
	return (unsigned int)count;
}
