// SPDX-License-Identifier: GPL-2.0
/*
 * Lets one call to the system or for memory fail: the Nth from now. Every function
 * here stands before the real one (ld's --wrap).
 */
/* links: tests/fakes/fail_nth.c */
/* flags: -pthread -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=mmap */
/* flags: -Wl,--wrap=madvise,--wrap=memfd_create,--wrap=ftruncate,--wrap=fcntl */
/* flags: -Wl,--wrap=sigaction,--wrap=socket,--wrap=getrandom,--wrap=pthread_create */
#define _GNU_SOURCE
#include "fail_nth.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>

static atomic_uint countdown;
static atomic_bool paused;
static const char *_Atomic failed;

void fail_nth_arm(unsigned int n)
{
	failed = NULL;
	countdown = n;
}

void fail_nth_pause(bool pause)
{
	paused = pause;
}

const char *fail_nth_failed(void)
{
	return failed;
}

bool fail_now(const char *name)
{
	if (paused || !countdown || --countdown)
		return false;
	failed = name;
	return true;
}

WRAP(void *, NULL, ENOMEM, malloc, (size_t size), (size))
WRAP(void *, NULL, ENOMEM, calloc, (size_t count, size_t size), (count, size))
WRAP(char *, NULL, ENOMEM, strdup, (const char *text), (text))
WRAP(void *, MAP_FAILED, ENOMEM, mmap,
     (void *at, size_t len, int prot, int flags, int fd, off_t from),
     (at, len, prot, flags, fd, from))
WRAP(int, -1, EFAULT, madvise, (void *at, size_t len, int advice), (at, len, advice))
WRAP(int, -1, EMFILE, memfd_create, (const char *name, unsigned int flags), (name, flags))
WRAP(int, -1, ENOSPC, ftruncate, (int fd, off_t len), (fd, len))
WRAP(int, -1, EPERM, fcntl, (int fd, int command, long arg), (fd, command, arg))
WRAP(int, -1, EINVAL, sigaction,
     (int sig, const struct sigaction *action, struct sigaction *old), (sig, action, old))
WRAP(int, -1, EMFILE, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(ssize_t, -1, ENOSYS, getrandom, (void *to, size_t len, unsigned int flags),
     (to, len, flags))
WRAP(int, EAGAIN, EAGAIN, pthread_create,
     (pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg),
     (thread, attr, run, arg))
