// SPDX-License-Identifier: GPL-2.0
/*
 * Marks the file behind the shared memory as used by a guest that runs.
 *
 * The mark is a read lock of the open file description (fcntl(2), F_OFD_SETLK) on the first
 * byte, which locks nobody out. Another QEMU finds the mark by asking whether a write lock would be
 * granted. The mark prevents no read and no write, and it ends with QEMU.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "region_lock.h"

static struct flock first_byte(short type)
{
	return (struct flock) {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_len = 1,
	};
}

int region_lock_take(int fd)
{
	struct flock lock = first_byte(F_RDLCK);

	return fcntl(fd, F_OFD_SETLK, &lock) ? -errno : 0;
}

void region_lock_drop(int fd)
{
	struct flock lock = first_byte(F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &lock);
}

bool region_lock_is_shared(int fd)
{
	struct flock lock = first_byte(F_WRLCK);

	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}
