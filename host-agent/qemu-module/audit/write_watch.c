// SPDX-License-Identifier: GPL-2.0
/*
 * Reports which pages were written, from the kernel's page tables: userfaultfd's
 * asynchronous write protection. No input comes from QEMU or from KVM's dirty log.
 *
 * A write to a protected page faults. With UFFD_FEATURE_WP_ASYNC the kernel removes the
 * protection and continues; no thread has to handle the fault. PAGEMAP_SCAN returns the pages
 * that lost the protection and protects them again in the same step, so no write is missed in
 * between. The first scan reports unpopulated pages as written and protects them, too
 * (UFFD_FEATURE_WP_UNPOPULATED). After that no huge page is mapped there, which would make
 * one write look like 512.
 *
 * Giving a page back to the kernel (virtio-balloon, virtio-mem, free page reporting) removes
 * the protection as well. In private memory this differs from a write: a written page is
 * present or swapped out, and is not the kernel's zero page. A shared page may have been
 * written and be missing in our page tables, so it counts as written.
 *
 * KSM writes nothing, but its pages look as if they were written: a merged page gets a new page
 * table entry without the protection, and nothing faults (mm/ksm.c, replace_page). Such memory
 * must not be watched. smaps marks it (VmFlags: mg), whether QEMU asked by madvise(), which is
 * its default, or systemd for the whole process by prctl(). It is harmless while ksmd does
 * nothing. ksmd's counter shows whether it worked since the watch was opened, even if it was
 * switched on and off. Why not MADV_UNMERGEABLE: it copies every merged page, on a host that
 * merges because it is short of memory.
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
static u64 scanned_before;	/* pages that ksmd had scanned when the watch was opened */

/* Return: @unknown if the file cannot be read. */
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

static void report_written(const u8 *start, const struct scan_region *region, int count,
			   bool shared, write_watch_fn *written, void *opaque)
{
	const u64 base = (uintptr_t)start;
	int i;

	for (i = 0; written && i < count; i++)
		if (is_written(&region[i], shared))
			written(opaque, start + (region[i].start - base),
				start + (region[i].end - base));
}

int write_watch_collect(u8 *start, u64 len, bool shared, write_watch_fn *written, void *opaque)
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
		report_written(start, region, count, shared, written, opaque);
	}
	return 0;
}

static bool is_mergeable_flags(const char *line)
{
	return !strncmp(line, "VmFlags:", strlen("VmFlags:")) && strstr(line, " mg");
}

/* The first line of a mapping: "55d0c8e00000-55d0c8e21000 rw-p ..." */
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
	bool mergeable = !smaps;	/* without smaps: assume the worst */
	char line[512];

	/* A mapping's lines follow its addresses. A path that is cut off is harmless. */
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
	/* No such file: no KSM in this kernel and no "mg", or /sys is unreadable: ask smaps. */
	if (!read_number(KSM "run", 1) &&
	    read_number(KSM "pages_scanned", 0) == scanned_before)
		return false;
	return write_watch_mergeable(start, len);
}
