/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels this module is built for, under one
 * spelling. Built, booted and scanned with on 6.1, 6.12 and 7.3.
 */
#ifndef FREEHINT_COMPAT_H
#define FREEHINT_COMPAT_H

#include <linux/mmzone.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "freehint was never tried on a kernel older than 6.1"
#endif

/*
 * Highest order of a free page. Up to 6.3 MAX_ORDER was one more than it, from
 * 6.4 it was the order itself, and 6.8 renamed it.
 */
#if defined(MAX_PAGE_ORDER)
#define COMPAT_MAX_ORDER	MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define COMPAT_MAX_ORDER	MAX_ORDER
#else
#define COMPAT_MAX_ORDER	(MAX_ORDER - 1)
#endif

static_assert(MAX_ORDER_NR_PAGES == 1 << COMPAT_MAX_ORDER,
	      "a block of the scan is one page of the highest order");

#endif /* FREEHINT_COMPAT_H */
