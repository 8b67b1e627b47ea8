// SPDX-License-Identifier: GPL-2.0
/*
 * Knows the migration thread.
 */
#include <pthread.h>

#include "migration_thread.h"

static pthread_t thread;

void migration_thread_note(void)
{
	thread = pthread_self();
}

bool in_migration_thread(void)
{
	return pthread_equal(thread, pthread_self());
}
