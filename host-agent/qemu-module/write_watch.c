// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages were written, as the kernel's page tables know it: userfaultfd's
 * asynchronous write protection. Nothing of it comes from QEMU or KVM's dirty log.
 *
 * A protected page that is written faults; with UFFD_FEATURE_WP_ASYNC the kernel takes the
 * protection off and goes on, nobody is woken. PAGEMAP_SCAN tells which pages have lost
 * it, and protects them again in the same step, so that no write falls between. What is
 * not populated counts as written in the first scan and is protected by it, too
 * (UFFD_FEATURE_WP_UNPOPULATED); from then on no huge page comes there that would make
 * one write look like 512.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uffd_compat.h"
#include "write_watch.h"

#define REGIONS	512

static int uffd = -1, pagemap = -1;

static int negotiate(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
			    UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC,
	};

	return ioctl(uffd, UFFDIO_API, &api) ? -errno : 0;
}

int write_watch_open(void)
{
	int ret;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (uffd < 0)
		return -errno;
	ret = negotiate();
	if (ret)
		goto err_close;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap >= 0)
		return 0;
	ret = -errno;

err_close:
	write_watch_close();
	return ret;
}

void write_watch_close(void)
{
	if (pagemap >= 0)
		close(pagemap);
	if (uffd >= 0)
		close(uffd);
	pagemap = -1;
	uffd = -1;
}

int write_watch_add(u8 *start, u64 len)
{
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)start, .len = len },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};


	return ioctl(uffd, UFFDIO_REGISTER, &range) ? -errno : 0;
}

static void tell(const u8 *start, const struct scan_region *region, int count,
		 write_watch_fn *written, void *opaque)
{
	const u64 base = (uintptr_t)start;
	int i;

	for (i = 0; written && i < count; i++)
		written(opaque, start + (region[i].start - base), start + (region[i].end - base));
}

int write_watch_take(u8 *start, u64 len, write_watch_fn *written, void *opaque)
{
	struct scan_region region[REGIONS];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.flags = SCAN_PROTECT | SCAN_CHECK_ASYNC,
		.start = (uintptr_t)start,
		.end = (uintptr_t)start + len,
		.vec = (uintptr_t)region,
		.vec_len = REGIONS,
		.category_mask = SCAN_WRITTEN,
		.return_mask = SCAN_WRITTEN,
	};
	int count;

	for (; arg.start < arg.end; arg.start = arg.walk_end) {
		count = ioctl(pagemap, SCAN_IOCTL, &arg);
		if (count < 0)
			return -errno;
		tell(start, region, count, written, opaque);
	}
	return 0;
}
