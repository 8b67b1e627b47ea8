/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Definitions for userfaultfd's asynchronous write protection and the ioctl that reads it,
 * for kernel headers before Linux 6.7: include/uapi/linux/userfaultfd.h and fs.h.
 */
#ifndef FREEHINT_UFFD_COMPAT_H
#define FREEHINT_UFFD_COMPAT_H

#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY		1
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM	(1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED	(1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC		(1 << 15)
#endif

/**
 * struct scan_region - struct page_region: [start, end) with the same categories
 */
struct scan_region {
	__u64 start;
	__u64 end;
	__u64 categories;
};

/**
 * struct scan_arg - struct pm_scan_arg
 *
 * Members as in the kernel; see Documentation/admin-guide/mm/pagemap.rst.
 */
struct scan_arg {
	__u64 size;
	__u64 flags;
	__u64 start;
	__u64 end;
	__u64 walk_end;
	__u64 vec;
	__u64 vec_len;
	__u64 max_pages;
	__u64 category_inverted;
	__u64 category_mask;
	__u64 category_anyof_mask;
	__u64 return_mask;
};

#define SCAN_IOCTL		_IOWR('f', 16, struct scan_arg)
#define SCAN_WRITTEN		(1 << 1)	/* PAGE_IS_WRITTEN */
#define SCAN_PRESENT		(1 << 3)	/* PAGE_IS_PRESENT */
#define SCAN_SWAPPED		(1 << 4)	/* PAGE_IS_SWAPPED */
#define SCAN_ZERO		(1 << 5)	/* PAGE_IS_PFNZERO */
#define SCAN_PROTECT		(1 << 0)	/* PM_SCAN_WP_MATCHING */
#define SCAN_CHECK_ASYNC	(1 << 1)	/* PM_SCAN_CHECK_WPASYNC */

#endif /* FREEHINT_UFFD_COMPAT_H */
