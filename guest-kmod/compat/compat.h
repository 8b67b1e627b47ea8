/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels this module is built for, under one
 * spelling. Built, booted and scanned with on 6.1, 6.12 and 7.3.
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
 * What a free page must read as is known of the kernels that were tried, 6.1 to this
 * one. A newer one may check, fill or remember free pages in a way that nobody has
 * heard of: tests/README.md says what has to be run before this is raised.
 */
#define COMPAT_NEWEST_TRIED	"7.3"
#define COMPAT_IS_TRIED		(LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0))

/*
 * Does this kernel remember that a free page is zero, and not zero it again? Some
 * vendors' kernels have CONFIG_PAGE_PREZERO, and PG_zeroed is proposed for Linux. The
 * version does not tell, for vendors take from newer kernels what they like. Kbuild
 * looks for the flags, as the preprocessor does not see a name in an enum.
 */
#if IS_ENABLED(CONFIG_PAGE_PREZERO) || defined(COMPAT_HAS_ZEROED_FLAG)
#define COMPAT_PROMISES_ZEROS	1
#else
#define COMPAT_PROMISES_ZEROS	0
#endif

/*
 * Highest order of a free page. MAX_ORDER was one more than it up to 6.3, it itself
 * from 6.4, and 6.8 renamed it; the number of pages means the same everywhere.
 */
#define COMPAT_MAX_ORDER	ilog2(MAX_ORDER_NR_PAGES)

static_assert(MAX_ORDER_NR_PAGES == 1 << COMPAT_MAX_ORDER,
	      "a block of the scan is one page of the highest order");

#endif /* FREEHINT_COMPAT_H */
