// SPDX-License-Identifier: GPL-2.0
/*
 * The file behind the ivshmem device: open, check, map read-only, and survive its
 * truncation.
 *
 * Symbolic links are followed, because /proc/PID/fd/N of a memfd is one. What counts is
 * that the mapped bytes contain the instance that this QEMU reports over QMP; the caller
 * checks that. The descriptor is closed at once, because a QEMU that restarts may create
 * a new file under the old name.
 *
 * The guest cannot shrink the file, but everybody who may write it can, and tmpfs may
 * run out of memory when a hole is read for the first time. Both raise SIGBUS at an
 * access. The handler replaces the mapping by zero pages and records that. Then the
 * access continues and reads "no magic, no round", and nothing has to be unwound.
 */
#include "shm_region.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"
#include "log.h"

/* The mapping that the handler may replace. */
static struct {
	char *volatile base;
	volatile size_t size;
	volatile sig_atomic_t lost;
} guarded;

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;
	void *again;

	(void)context;
	if (guarded.base && at >= guarded.base && at < guarded.base + guarded.size) {
		again = mmap(guarded.base, guarded.size, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
			     -1, 0);
		guarded.lost = 1;
		if (again != MAP_FAILED)
			return;
	}
	/* Not our mapping: the access is repeated and ends the process. */
	sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

int shm_region_guard(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_sigbus;
	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

static int check_size(const struct stat *st, u64 size)
{
	u64 have = (u64)st->st_size;

	if (size < FREEHINT_MIN_REGION || size & (size - 1))
		return -EINVAL;
	if (size > 2 * (FREEHINT_MAX_PAGES / 8))
		return -EFBIG;
	return have < size ? -ENODATA : 0;
}

static void warn_about_disk(int fd, const char *path)
{
	static bool warned;
	struct statfs fs;

	if (warned || fstatfs(fd, &fs))
		return;
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC)
		return;
	warned = true;
	log_warn("%s is not in memory but on a disk; put it under /dev/shm", path);
}

static int map_file(struct shm_region *region, int fd, u64 size)
{
	void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	guarded.lost = 0;
	guarded.size = size;
	guarded.base = base;
	region->base = base;
	region->size = size;
	return 0;
}

int shm_region_map(struct shm_region *region, const char *path, u64 size)
{
	/* O_NONBLOCK: the open of a FIFO at this path must not block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		ret = -errno;
		goto out_close;
	}
	ret = -ENODEV;
	if (!S_ISREG(st.st_mode))
		goto out_close;
	if (!size)
		size = (u64)st.st_size;
	ret = check_size(&st, size);
	if (ret)
		goto out_close;
	warn_about_disk(fd, path);
	ret = map_file(region, fd, size);
	region->device = st.st_dev;
	region->inode = st.st_ino;

out_close:
	close(fd);
	return ret;
}

void shm_region_unmap(struct shm_region *region)
{
	if (!region->base)
		return;
	guarded.base = NULL;
	munmap((void *)region->base, region->size);
	region->base = NULL;
	region->size = 0;
}

bool shm_region_is_replaced(const struct shm_region *region, const char *path)
{
	struct stat st;

	return !stat(path, &st) && (st.st_dev != region->device || st.st_ino != region->inode);
}

bool shm_region_lost(const struct shm_region *region)
{
	return region->base && guarded.lost;
}
