// SPDX-License-Identifier: GPL-2.0
/*
 * Notes the signals that ask the tool to end, instead of ending the process.
 */
#include "interrupts.h"

#include <signal.h>
#include <stddef.h>

#include "host-agent/common/clock.h"

/* Interrupts within this time count as one: shells and wrappers may send them twice. */
#define SAME_US		500000ULL

static volatile sig_atomic_t any;
static volatile sig_atomic_t again;
/* When the first one came, or the last one that counts as another; the handler's own. */
static u64 counted_us;

static void note_interrupt(int signal)
{
	(void)signal;
	if (!any || clock_us() - counted_us > SAME_US) {
		again = any;
		counted_us = clock_us();
	}
	any = 1;
}

void interrupts_catch(void)
{
	struct sigaction noted = { .sa_handler = note_interrupt };
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	/* kill(1), Ctrl-C, the end of the terminal, and Ctrl-\. */
	static const int asking[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	struct sigaction found;
	size_t i;

	any = 0;
	again = 0;
	/* The handler is not interrupted by itself. */
	sigfillset(&noted.sa_mask);
	sigaction(SIGPIPE, &ignored, NULL);
	/* nohup has some ignored, and so has a script that runs us in its background. */
	for (i = 0; i < sizeof(asking) / sizeof(asking[0]); i++)
		if (!sigaction(asking[i], NULL, &found) && found.sa_handler != SIG_IGN)
			sigaction(asking[i], &noted, NULL);
}

void interrupts_ignore_hangup(void)
{
	const struct sigaction ignored = { .sa_handler = SIG_IGN };

	sigaction(SIGHUP, &ignored, NULL);
}

bool interrupts_any(void)
{
	return any;
}

bool interrupts_again(void)
{
	return again;
}

void interrupts_forget_second(void)
{
	again = 0;
}
