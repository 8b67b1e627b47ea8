// SPDX-License-Identifier: GPL-2.0
/*
 * freehint doctor: does this machine have what the agent and an incoming postcopy need?
 */
#include "check_host.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../terminal/findings.h"
#include "check_ring.h"
#include "include/freehint/limits.h"

void check_agent(void)
{
	check_ring();
	if (access("/dev/kvm", R_OK | W_OK))
		finding_note("this user cannot use /dev/kvm: guests are emulated; add the user to "
			     "the group of /dev/kvm, usually kvm");
	else
		finding_ok("/dev/kvm can be used");
}

/* The sysctl that allows userfaultfd to every user. Return: -1 without userfaultfd. */
static int read_userfaultfd_sysctl(void)
{
	FILE *file = fopen("/proc/sys/vm/unprivileged_userfaultfd", "r");
	int character;

	if (!file)
		return -1;
	character = fgetc(file);
	fclose(file);
	return character == '1';
}

void check_userfaultfd(void)
{
	int value = read_userfaultfd_sysctl();
	struct stat st;

	if (value > 0)
		finding_ok("every user may use userfaultfd: this machine can be the destination of a postcopy");
	else if (value < 0)
		finding_note("this kernel has no userfaultfd: this machine cannot be the destination of a postcopy; boot one with CONFIG_USERFAULTFD");
	else if (!stat("/dev/userfaultfd", &st) && (st.st_mode & S_IROTH) &&
		 (st.st_mode & S_IWOTH))
		finding_ok("every user may use /dev/userfaultfd: this machine can be the "
			     "destination of a postcopy, from QEMU 8.1 on");
	else
		finding_note("not every user may use userfaultfd: a QEMU that runs without "
			     "privilege refuses the capability postcopy-ram as a destination "
			     "here; set the sysctl vm.unprivileged_userfaultfd to 1, or from "
			     "QEMU 8.1 on give its user /dev/userfaultfd");
}

static bool in_memory(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (fs.f_type == TMPFS_MAGIC ||
				      fs.f_type == HUGETLBFS_MAGIC);
}

void check_shm(const char *path)
{
	struct stat st;
	u64 size;

	if (stat(path, &st)) {
		finding_wrong("%s: %s; give the mem-path of the backend behind the ivshmem "
			      "device", path, strerror(errno));
		return;
	}
	size = (u64)st.st_size;
	if (!in_memory(path))
		finding_wrong("%s is on a disk, put it into /dev/shm or on hugetlbfs", path);
	else if (size < FREEHINT_MIN_REGION || size & (size - 1))
		finding_wrong("%s has %llu bytes, the size must be a power of two, at least %llu; give the backend size=1M or more", path,
			      (unsigned long long)size, FREEHINT_MIN_REGION);
	else
		finding_ok("%s has %llu KiB in memory", path,
			     (unsigned long long)size >> 10);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		finding_note("%s has mode %o: users other than its owner can read or change what "
			     "the guest reports; 0600 is enough", path, st.st_mode & 0777);
}
