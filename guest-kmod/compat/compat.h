/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hides the differences between the kernels for which this module is built. The module
 * was built, booted and used for scans on 5.10, 6.1, 6.12 and 7.3.
 *
 * Vendors bring features of newer kernels to older ones, so no feature is deduced from a
 * version. The preprocessor tests for a macro, and Kbuild searches the headers for other
 * names and defines COMPAT_HAS_<name>.
 */
#ifndef FREEHINT_COMPAT_H
#define FREEHINT_COMPAT_H

#include <linux/delay.h>
#include <linux/kconfig.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page_reporting.h>
#include <linux/pm.h>
#include <linux/version.h>
#ifdef COMPAT_HAS_CC_PLATFORM
#include <linux/cc_platform.h>
#else
#include <linux/mem_encrypt.h>
#endif
#ifdef CONFIG_X86
#include <linux/pgtable.h>
#include <asm/memtype.h>
#endif

#include "bar_memory_type.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "freehint was never tried on a kernel older than 5.10"
#endif

/*
 * We know what a free page must read as on the kernels that were tried, 5.10 to this
 * one. A newer kernel may check, fill or record free pages in a new way.
 * docs/CONTRIBUTING.md lists what must be run before these two are raised.
 */
#define COMPAT_NEWEST_TRIED	"7.3"
#define COMPAT_IS_TESTED		(LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0))

/*
 * Does this kernel record that a free page is zero, and not zero it again? Some
 * vendors' kernels have CONFIG_PAGE_PREZERO, and PG_zeroed is proposed for Linux. The
 * version is no answer, since vendors backport features from newer kernels. Kbuild
 * searches for the flags, since the preprocessor cannot test for a name in an enum, and for a
 * member of struct page_reporting_dev_info that says that reported pages are zero.
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

/*
 * Does spin_lock_irqsave() turn interrupts off? With PREEMPT_RT it does not: the lock
 * sleeps, and its holder can be preempted.
 */
#define COMPAT_LOCKED_IRQS_OFF	(!IS_ENABLED(CONFIG_PREEMPT_RT))

/*
 * Page reporting since 5.7, where the kernel was built with it; every distribution's is,
 * for virtio-balloon. struct page_reporting_dev_info has an order since 5.14; before, the
 * kernel reports blocks of a pageblock and more. Where the order is not 0 (on 7.3: not
 * PAGE_REPORTING_ORDER_UNSPECIFIED) it means the same on every kernel.
 * On 7.3 a capacity of 0 means 32 blocks, as on the kernels before. page_reporting_order
 * is not read: some vendors do not export it.
 */
#if IS_ENABLED(CONFIG_PAGE_REPORTING)
#define COMPAT_HAS_PAGE_REPORTING	1
#define compat_page_reporting_register(info)	page_reporting_register(info)
#define compat_page_reporting_unregister(info)	page_reporting_unregister(info)
#else
#define COMPAT_HAS_PAGE_REPORTING	0
#define compat_page_reporting_register(info)	((void)(info), -EOPNOTSUPP)
#define compat_page_reporting_unregister(info)	((void)(info))
#endif

/* Value: the order asked for. The kernel keeps the order of its first registration. */
#ifdef COMPAT_HAS_REPORTING_ORDER
#define compat_set_reporting_order(info, wanted)	((info)->order = (wanted))
#else
#define compat_set_reporting_order(info, wanted)	((void)(wanted), pageblock_order)
#endif

/* Page poisoning has a static key since 5.11. The function that it replaces is exported. */
#ifdef COMPAT_HAS_POISONING_STATIC
#define compat_poisoning_enabled()	page_poisoning_enabled_static()
#else
#define compat_poisoning_enabled()	page_poisoning_enabled()
#endif

/* zone_is_zone_device() came with 5.12. */
#ifdef CONFIG_ZONE_DEVICE
#define compat_zone_is_device(zone)	(zone_idx(zone) == ZONE_DEVICE)
#else
#define compat_zone_is_device(zone)	((void)(zone), false)
#endif

/* Both since 5.17. */
#ifndef DEFINE_SIMPLE_DEV_PM_OPS
#define DEFINE_SIMPLE_DEV_PM_OPS(name, suspend_fn, resume_fn) \
	const struct dev_pm_ops __maybe_unused name = { \
		SET_SYSTEM_SLEEP_PM_OPS(suspend_fn, resume_fn) \
	}
#endif
#ifndef pm_sleep_ptr
#define pm_sleep_ptr(ptr)	(IS_ENABLED(CONFIG_PM_SLEEP) ? (ptr) : NULL)
#endif

/*
 * Sleep between @min and @max us, idle: neither the load average nor the hung-task
 * detector counts it. usleep_range_state() came with 5.17.
 */
static inline void compat_usleep_idle(unsigned long min, unsigned long max)
{
#ifdef COMPAT_HAS_USLEEP_RANGE_STATE
	usleep_range_state(min, max, TASK_IDLE);
#else
	ktime_t end = ktime_add_us(ktime_get(), min);
	u64 slack = (u64)(max - min) * NSEC_PER_USEC;

	do
		__set_current_state(TASK_IDLE);
	while (schedule_hrtimeout_range(&end, slack, HRTIMER_MODE_ABS));
#endif
}

/*
 * Is this guest's memory encrypted, so that the host cannot read it? cc_platform_has() since
 * 5.16. arm64 realms (6.14) report CC_ATTR_MEM_ENCRYPT only; on x86 that is true on hosts, too,
 * so GUEST_MEM_ENCRYPT is used. Before 5.16: mem_encrypt_active(), which is also true on an SME
 * host.
 */
#ifndef COMPAT_HAS_CC_PLATFORM
#define compat_guest_is_encrypted()	mem_encrypt_active()
#elif defined(CONFIG_ARM64)
#define compat_guest_is_encrypted()	cc_platform_has(CC_ATTR_MEM_ENCRYPT)
#else
#define compat_guest_is_encrypted()	cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)
#endif

/*
 * Is memory decoding on in a PCI device that no driver has enabled yet? The firmware of
 * an x86 machine does so, that of others does not.
 */
#define COMPAT_FIRMWARE_ENABLES_BARS	IS_ENABLED(CONFIG_X86)

/*
 * Memory type of a kernel mapping that nobody changes meanwhile. On x86 the PAT decides,
 * and the kernel has matched the bits in the page table with the MTRRs before it set
 * them. Without a PAT it has not: the MTRRs may say uncached where the page table says
 * write-back. Other architectures do not change the type that was requested, and map
 * memory of the host write-back.
 */
#ifdef CONFIG_X86
static inline enum bar_memory_type compat_memory_type(const void *base)
{
	const struct cache_bits means = {
		.write_back = cachemode2protval(_PAGE_CACHE_MODE_WB),
		.write_combining = cachemode2protval(_PAGE_CACHE_MODE_WC),
		.uncached = cachemode2protval(_PAGE_CACHE_MODE_UC),
		.uncached_minus = cachemode2protval(_PAGE_CACHE_MODE_UC_MINUS),
	};
	unsigned int level;
	pte_t *entry = lookup_address((unsigned long)base, &level);
	u64 bits;

	if (!pat_enabled() || !entry)
		return BAR_UNKNOWN;
	bits = pte_flags(*entry);
	if (level != PG_LEVEL_4K)
		bits = protval_large_2_4k(bits);
	return bar_memory_type_from_bits(bits & _PAGE_CACHE_MASK, &means);
}
#else
static inline enum bar_memory_type compat_memory_type(const void *base)
{
	return BAR_WRITE_BACK;
}
#endif

#endif /* FREEHINT_COMPAT_H */
