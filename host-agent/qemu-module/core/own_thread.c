// SPDX-License-Identifier: GPL-2.0
/*
 * Starts a thread of the extension.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "own_thread.h"

int own_thread_start(pthread_t *thread, const char *name, void *(*run)(void *))
{
	sigset_t all, old;
	int ret;

	/* QEMU's signals must be handled by QEMU's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		pthread_setname_np(*thread, name);
	return ret;
}
