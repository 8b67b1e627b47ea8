// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: can the agent's user access what the agent needs? Parent directories and
 * access lists count, too. So a child becomes that user and tries, which needs root.
 */
#define _DEFAULT_SOURCE
#include "check_access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../terminal/findings.h"
#include "include/freehint/types.h"

/* Exit status of a child that could not become the user. */
#define CANNOT_BECOME_USER		255

static bool change_user(const struct passwd *user)
{
	return !initgroups(user->pw_name, user->pw_gid) && !setgid(user->pw_gid) &&
	       !setuid(user->pw_uid);
}

/* Return: 0, or the errno that @user would get. */
static int try_as(const struct passwd *user, const char *path, int mode)
{
	pid_t pid;
	int status;

	if (user->pw_uid == geteuid())
		return access(path, mode) ? errno : 0;
	pid = fork();
	if (!pid) {
		if (!change_user(user))
			_exit(CANNOT_BECOME_USER);
		_exit(access(path, mode) ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return CANNOT_BECOME_USER;
	return WEXITSTATUS(status);
}

static const char *owner_of(const char *path)
{
	const struct passwd *owner;
	struct stat st;

	if (stat(path, &st))
		return "unknown";
	owner = getpwuid(st.st_uid);
	return owner ? owner->pw_name : "a user without a name";
}

/* @mode: as in access(2); a connect to a socket needs W_OK. */
static void check_one(const struct passwd *user, const char *path, int mode)
{
	const char *what = mode == W_OK ? "connect to" : "read";
	int error = try_as(user, path, mode);
	char name[64];

	snprintf(name, sizeof(name), "%s", user->pw_name);
	if (!error)
		finding_ok("user %s can %s %s", name, what, path);
	else if (error == CANNOT_BECOME_USER)
		finding_note("only root can check whether user %s can %s %s: run freehint doctor as "
			     "root", name, what, path);
	else
		finding_wrong("user %s cannot %s %s: %s; run the agent as its owner, %s, or give that user access",
			      name, what, path, strerror(error), owner_of(path));
}

static const struct passwd *find_user(const char *name, const char *path)
{
	const struct passwd *user;
	struct stat st;

	if (name) {
		user = getpwnam(name);
		if (!user)
			finding_wrong("user %s does not exist, give another with --user", name);
		return user;
	}
	if (!geteuid() && !stat(path, &st) && st.st_uid)
		return getpwuid(st.st_uid);
	return getpwuid(geteuid());
}

void check_access(const char *user, const char *socket, const char *shm)
{
	const struct passwd *found;
	struct passwd kept;
	char name[64];

	/* A name that is wrong is said in any case. */
	if (!socket && !shm && !user)
		return;
	found = find_user(user, shm ? shm : socket);
	if (!found)
		return;
	/* Copy it: the next look-up overwrites the buffer of the C library. */
	kept = *found;
	snprintf(name, sizeof(name), "%s", found->pw_name);
	kept.pw_name = name;
	if (socket && !access(socket, F_OK))
		check_one(&kept, socket, W_OK);
	if (shm && !access(shm, F_OK))
		check_one(&kept, shm, R_OK);
}
