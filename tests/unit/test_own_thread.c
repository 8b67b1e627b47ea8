// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of the extension: they have a name and take no signal; the caller's mask stays.
 */
/* links: host-agent/qemu-module/core/own_thread.c */
#define _GNU_SOURCE
#include <signal.h>

#include "host-agent/qemu-module/core/own_thread.h"
#include "tests/unit/unit.h"

#define NAME	"freehint-test"

/* The signals that the thread blocks. */
static sigset_t blocked;
static pthread_mutex_t until_named = PTHREAD_MUTEX_INITIALIZER;

static void *look(void *opaque)
{
	assert_null(opaque);
	pthread_mutex_lock(&until_named);
	pthread_mutex_unlock(&until_named);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return &blocked;
}

static void a_thread_has_a_name_and_takes_no_signal(void **state)
{
	pthread_t thread;
	char name[16];
	void *result;
	sigset_t own;

	pthread_mutex_lock(&until_named);
	assert_int_equal(own_thread_start(&thread, NAME, look), 0);
	assert_int_equal(pthread_getname_np(thread, name, sizeof(name)), 0);
	assert_string_equal(name, NAME);
	pthread_mutex_unlock(&until_named);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &blocked);
	assert_true(sigismember(&blocked, SIGUSR1) == 1 && sigismember(&blocked, SIGTERM) == 1);
	pthread_sigmask(SIG_SETMASK, NULL, &own);
	assert_int_equal(sigismember(&own, SIGUSR1), 0);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(a_thread_has_a_name_and_takes_no_signal))
