// SPDX-License-Identifier: GPL-2.0
/*
 * A trigger on the kernel's measure of memory pressure.
 *
 * The kernel lets every user set a trigger since Linux 6.5, but only with a window that is
 * a multiple of two seconds; before, the host's file needs CAP_SYS_RESOURCE. A tenth of
 * two seconds is a host that swaps, not one that reads a file for the first time.
 */
#include "pressure_trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Some task waits for 200 ms within 2 s. */
static const char trigger[] = "some 200000 2000000";

/* Where control groups are. */
static const char groups[] = "/sys/fs/cgroup/";

/* Writing the trigger would destroy any other file, or change a setting of the kernel. */
static bool is_pressure_file(const char *path, int fd)
{
	const char *name = strrchr(path, '/');
	struct statfs fs;

	name = name ? name + 1 : path;
	if (fstatfs(fd, &fs))
		return false;
	return (fs.f_type == PROC_SUPER_MAGIC && !strcmp(name, "memory")) ||
	       (fs.f_type == CGROUP2_SUPER_MAGIC && !strcmp(name, "memory.pressure"));
}

int pressure_trigger_open(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), ret = -EMEDIUMTYPE;

	if (fd < 0)
		return -errno;
	if (is_pressure_file(path, fd)) {
		/* The kernel wants the terminator, too. */
		if (write(fd, trigger, sizeof(trigger)) == sizeof(trigger))
			return fd;
		ret = -errno;
	}
	close(fd);
	return ret;
}

bool pressure_trigger_is_mistake(const char *path, int error)
{
	if (!strcmp(path, PRESSURE_TRIGGER_HOST))
		return false;
	/* That of a virtual machine comes and goes, and libvirt changes its name at each start. */
	if (error == -ENOENT && !strncmp(path, groups, sizeof(groups) - 1))
		return false;
	return error == -ENOENT || error == -ENOTDIR || error == -EISDIR ||
	       error == -ENAMETOOLONG || error == -EMEDIUMTYPE;
}

const char *pressure_trigger_advice(int error)
{
	switch (error) {
	case -EPERM:
	case -EINVAL:
		return ", before Linux 6.5 this takes CAP_SYS_RESOURCE: start the agent as root "
		       "with --user, or give the unit what freehint-agent(8) says";
	case -EACCES:
	case -EROFS:
		return ", the agent's user has to be able to write it";
	case -EOPNOTSUPP:
		return ", PSI is off: boot this host with psi=1";
	case -EMEDIUMTYPE:
		return ", it is no PSI file: give " PRESSURE_TRIGGER_HOST " or a control "
		       "group's memory.pressure";
	case -ENOENT:
		return ", PSI is off (boot with psi=1, CONFIG_PSI), hidden (ProcSubset=pid in "
		       "the unit), or there is no such control group: write a path with "
		       "backslashes in single quotes in /etc/freehint/NAME";
	default:
		return "";
	}
}
