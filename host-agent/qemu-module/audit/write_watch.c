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
 *
 * Whoever gives a page back to the kernel (virtio-balloon, virtio-mem, free page reporting) takes
 * its protection off as well. In private memory that can be told from a write: what was
 * written is there, or swapped out, and is not the kernel's page of zeros. Shared memory may
 * be written and no longer be in our page tables, so there it counts as written.
 *
 * KSM is no writer and looks like one: when it merges a page, the new page table entry comes
 * without the protection, and nobody faults (mm/ksm.c, replace_page). Such memory must not
 * be watched. Which it is, smaps says (VmFlags: mg), whoever asked for it: QEMU by madvise(),
 * which is its default, or systemd for the whole process by prctl(). While ksmd does nothing that
 * does no harm; whether it did something since the watch began, its counter says, also
 * when it was switched on and off again. Why the watch does not take the memory away from
 * KSM (MADV_UNMERGEABLE): that copies every page that is merged, on a host that merges
 * because it is short of memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uffd_compat.h"
#include "write_watch.h"

#define REGIONS	512

#define KSM	"/sys/kernel/mm/ksm/"

static int uffd = -1, pagemap = -1;
static u64 scanned_before;	/* pages that ksmd had looked at when the watch began */

/* @unknown where the file cannot be read. */
static u64 read_number(const char *path, u64 unknown)
{
	FILE *file = fopen(path, "re");
	char line[32];
	u64 number = unknown;

	if (!file)
		return unknown;
	if (fgets(line, sizeof(line), file))
		number = strtoull(line, NULL, 10);
	fclose(file);
	return number;
}

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
	scanned_before = read_number(KSM "pages_scanned", 0);
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

static bool is_written(const struct scan_region *region, bool shared)
{
	return shared || (region->categories & (SCAN_PRESENT | SCAN_SWAPPED) &&
			  !(region->categories & SCAN_ZERO));
}

static void tell(const u8 *start, const struct scan_region *region, int count, bool shared,
		 write_watch_fn *written, void *opaque)
{
	const u64 base = (uintptr_t)start;
	int i;

	for (i = 0; written && i < count; i++)
		if (is_written(&region[i], shared))
			written(opaque, start + (region[i].start - base),
				start + (region[i].end - base));
}

int write_watch_take(u8 *start, u64 len, bool shared, write_watch_fn *written, void *opaque)
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
		.return_mask = SCAN_PRESENT | SCAN_SWAPPED | SCAN_ZERO | SCAN_WRITTEN,
	};
	int count;

	for (; arg.start < arg.end; arg.start = arg.walk_end) {
		count = ioctl(pagemap, SCAN_IOCTL, &arg);
		if (count < 0)
			return -errno;
		tell(start, region, count, shared, written, opaque);
	}
	return 0;
}

static bool is_mergeable_flags(const char *line)
{
	return !strncmp(line, "VmFlags:", strlen("VmFlags:")) && strstr(line, " mg");
}

/* The first line about a mapping: "55d0c8e00000-55d0c8e21000 rw-p ..." */
static bool is_mapping(const char *line, u64 *from, u64 *to)
{
	char *dash, *blank;
	u64 start, end;

	start = strtoull(line, &dash, 16);
	if (dash == line || *dash != '-')
		return false;
	end = strtoull(dash + 1, &blank, 16);
	if (*blank != ' ')
		return false;
	*from = start;
	*to = end;
	return true;
}

bool write_watch_mergeable(const u8 *start, u64 len)
{
	const u64 first = (uintptr_t)start, last = first + len - 1;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	u64 at = 0, end = 0;
	bool mergeable = !smaps;	/* nobody knows */
	char line[512];

	/* The lines about a mapping follow its addresses; paths that are cut off do no harm. */
	while (smaps && !mergeable && at <= last && fgets(line, sizeof(line), smaps)) {
		if (!is_mapping(line, &at, &end) && end > first)
			mergeable = is_mergeable_flags(line);
	}
	if (smaps)
		fclose(smaps);
	return mergeable;
}

bool write_watch_merges(const u8 *start, u64 len)
{
	/* No such file: a kernel without KSM, which has no such memory, or nobody knows. */
	if (!read_number(KSM "run", 1) &&
	    read_number(KSM "pages_scanned", 0) == scanned_before)
		return false;
	return write_watch_mergeable(start, len);
}
