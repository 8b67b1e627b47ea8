// SPDX-License-Identifier: GPL-2.0
/*
 * In the agent's build for tests: FREEHINT_FAIL_CALL=N lets the Nth call to the system
 * fail, those of its sandbox and its event loop included. What failed is said at the
 * end.
 */
#define _GNU_SOURCE
#include <cap-ng.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail_nth.h"

WRAP(int, -ENOMEM, ENOMEM, io_uring_queue_init,
     (unsigned int entries, struct io_uring *ring, unsigned int flags), (entries, ring, flags))
WRAP(int, -EPERM, EPERM, io_uring_register,
     (unsigned int fd, unsigned int what, const void *arg, unsigned int count),
     (fd, what, arg, count))
WRAP(int, -EPERM, EPERM, io_uring_enter,
     (unsigned int fd, unsigned int submit, unsigned int wait, unsigned int flags,
      sigset_t *mask), (fd, submit, wait, flags, mask))
WRAP(int, -1, ENOMEM, ppoll,
     (struct pollfd *fds, nfds_t count, const struct timespec *limit, const sigset_t *mask),
     (fds, count, limit, mask))
WRAP(scmp_filter_ctx, NULL, ENOMEM, seccomp_init, (uint32_t action), (action))
WRAP(int, -ENOMEM, ENOMEM, seccomp_attr_set,
     (scmp_filter_ctx filter, enum scmp_filter_attr attr, uint32_t value),
     (filter, attr, value))
WRAP(int, -ENOMEM, ENOMEM, seccomp_rule_add_array,
     (scmp_filter_ctx filter, uint32_t action, int call, unsigned int count,
      const struct scmp_arg_cmp *args), (filter, action, call, count, args))
WRAP(int, -EFAULT, EFAULT, seccomp_load, (const scmp_filter_ctx filter), (filter))
WRAP(int, -1, EPERM, capng_apply, (capng_select_t set), (set))
WRAP(int, -1, EPERM, setrlimit, (int what, const struct rlimit *limit), (what, limit))
WRAP(int, -1, EPERM, prctl,
     (int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d),
     (what, a, b, c, d))
WRAP(int, -1, EINVAL, sigprocmask, (int how, const sigset_t *set, sigset_t *old),
     (how, set, old))
WRAP(int, -1, EMFILE, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
WRAP(int, -1, ENOMEM, fstat, (int fd, struct stat *st), (fd, st))

__attribute__((constructor)) static void read_wish(void)
{
	const char *number = getenv("FREEHINT_FAIL_CALL");

	if (number)
		fail_nth_arm((unsigned int)atoi(number));
}

__attribute__((destructor)) static void confess(void)
{
	static const char head[] = "failed on purpose: ";
	const char *name = fail_nth_failed();

	if (!name)
		return;
	if (write(STDERR_FILENO, head, sizeof(head) - 1) > 0 &&
	    write(STDERR_FILENO, name, strlen(name)) > 0 &&
	    write(STDERR_FILENO, "\n", 1) > 0)
		return;
	_exit(1);
}
