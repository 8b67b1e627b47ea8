/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hides the differences between the kernels for which this module is built. The module
 * was built, booted and used for scans on 6.1, 6.12 and 7.3.
 */
#ifndef FREEHINT_COMPAT_H
#define FREEHINT_COMPAT_H

#include <linux/kconfig.h>
#include <linux/log2.h>
#include <linux/mmzone.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "freehint was never tried on a kernel older than 6.1"
#endif

/*
 * We know what a free page must read as on the kernels that were tried, 6.1 to this
 * one. A newer kernel may check, fill or record free pages in a new way.
 * tests/README.md lists what must be run before this version is raised.
 */
#define COMPAT_NEWEST_TRIED	"7.3"
#define COMPAT_IS_TESTED		(LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0))

/*
 * Does this kernel record that a free page is zero, and not zero it again? Some
 * vendors' kernels have CONFIG_PAGE_PREZERO, and PG_zeroed is proposed for Linux. The
 * version is no answer, since vendors backport features from newer kernels. Kbuild
 * searches for the flags, since the preprocessor cannot test for a name in an enum.
 */
#if IS_ENABLED(CONFIG_PAGE_PREZERO) || defined(COMPAT_HAS_ZEROED_FLAG)
#define COMPAT_TRACKS_ZEROED	1
#else
#define COMPAT_TRACKS_ZEROED	0
#endif

/*
 * Highest order of a free page. Up to 6.3 MAX_ORDER is one more than this order. From
 * 6.4 on MAX_ORDER is this order, and 6.8 renamed it. MAX_ORDER_NR_PAGES means the same
 * on every kernel.
 */
#define COMPAT_MAX_ORDER	ilog2(MAX_ORDER_NR_PAGES)

static_assert(MAX_ORDER_NR_PAGES == 1 << COMPAT_MAX_ORDER,
	      "a block of the scan is one page of the highest order");

#endif /* FREEHINT_COMPAT_H */
