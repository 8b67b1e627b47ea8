// SPDX-License-Identifier: GPL-2.0
/*
 * Takes away from the process what it does not need, in stages.
 *
 * The agent reads memory that a hostile guest writes, and talks to QEMU's monitor,
 * which is as powerful as QEMU itself. An attacker who takes over the agent has the
 * monitor connection; the stages make sure that this is all:
 *
 *	isolation_start()	nothing inherited, nothing left in core files
 *	isolation_identity()	QEMU's user, no capability
 *	syscall_filter_seal()	the system calls in a list, no others (syscall_filter.c)
 */
#define _GNU_SOURCE
#include "isolation.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/common/log.h"

/* Linux before 5.9 has no close_range(), and some containers forbid newer calls. */
static int close_one_by_one(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int fd;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd > STDERR_FILENO && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
	return 0;
}

static int close_inherited(void)
{
	if (!close_range(STDERR_FILENO + 1, ~0U, 0))
		return 0;
	return errno == ENOSYS || errno == EPERM ? close_one_by_one() : -errno;
}

static int forbid_tracing(void)
{
	const struct rlimit no_core = { 0, 0 };
	int ret;

	if (!setrlimit(RLIMIT_CORE, &no_core) &&
	    !prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) &&
	    !prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL))
		return 0;
	ret = -errno;
	log_error("core dumps or tracing could not be disabled: %s, allow setrlimit() and prctl() "
		  "to the agent", strerror(-ret));
	return ret;
}

int isolation_start(void)
{
	int ret = close_inherited();

	if (ret) {
		log_error("inherited descriptors could not be closed: %s, mount /proc for the agent",
			  strerror(-ret));
		return ret;
	}
	umask(077);
	return forbid_tracing();
}

static int change_user(const char *name)
{
	const struct passwd *user;
	int ret;

	user = getpwnam(name);
	if (!user) {
		log_error("user %s does not exist, give another with --user", name);
		return -ENOENT;
	}
	if (setgroups(0, NULL) || initgroups(name, user->pw_gid) ||
	    setgid(user->pw_gid) || setuid(user->pw_uid)) {
		ret = -errno;
		log_error("could not become user %s, start as root or without --user: %s",
			  name, strerror(-ret));
		return ret;
	}
	/* On some systems a change of the user makes the process dumpable again. */
	return forbid_tracing();
}

int isolation_identity(const char *user)
{
	int ret;

	if (user) {
		ret = change_user(user);
		if (ret)
			return ret;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	/* To clear the bounding set takes CAP_SETPCAP; without it the other sets are enough. */
	ret = capng_apply(CAPNG_SELECT_CAPS);
	if (ret || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
		log_error("capabilities could not be dropped, error %d, mount /proc and allow "
			  "prctl() and capset() to the agent", ret);
		return -EPERM;
	}
	return 0;
}
