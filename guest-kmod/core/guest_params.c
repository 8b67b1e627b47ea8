// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters. The module checks each value when it is set. All parameters can
 * be changed while the module runs.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>

#include "guest_params.h"
#include "../../include/freehint/limits.h"

struct guest_params guest_params = {
	.poll_idle_ms = FREEHINT_POLL_IDLE_US / 1000,
	.poll_fast_us = FREEHINT_POLL_FAST_US,
	.advance_blocks = 64,
	.report = true,
	.give_back = true,
};

/* The kernel's own, param_set_uint_minmax(), came with 5.15 and 5.10.219. */
static int set_bounded(const char *val, const struct kernel_param *kp, unsigned int least,
		       unsigned int most)
{
	unsigned int value;
	int ret = kstrtouint(val, 0, &value);

	if (ret)
		return ret;
	if (value < least || value > most)
		return -EINVAL;
	WRITE_ONCE(*(unsigned int *)kp->arg, value);
	return 0;
}

/* With a period above 10 s the host would consider the guest dead. */
static int set_poll_idle(const char *val, const struct kernel_param *kp)
{
	return set_bounded(val, kp, 1, 10000);
}

/* With a period below 50 us the worker would occupy a whole CPU. */
static int set_poll_fast(const char *val, const struct kernel_param *kp)
{
	return set_bounded(val, kp, 50, 100000);
}

/* 2^20 blocks are 4 TiB or more: most guests then publish one step, the seal. */
static int set_advance(const char *val, const struct kernel_param *kp)
{
	return set_bounded(val, kp, 1, 1U << 20);
}

static const struct kernel_param_ops poll_idle_ops = {
	.set = set_poll_idle,
	.get = param_get_uint,
};

static const struct kernel_param_ops poll_fast_ops = {
	.set = set_poll_fast,
	.get = param_get_uint,
};

static const struct kernel_param_ops advance_ops = {
	.set = set_advance,
	.get = param_get_uint,
};

module_param_cb(poll_idle_ms, &poll_idle_ops, &guest_params.poll_idle_ms, 0644);
MODULE_PARM_DESC(poll_idle_ms,
		 "poll period while reporting is off, 1 to 10000 ms (default 100)");

module_param_cb(poll_fast_us, &poll_fast_ops, &guest_params.poll_fast_us, 0644);
MODULE_PARM_DESC(poll_fast_us,
		 "poll period once reporting is started, 50 to 100000 us (default 1000)");

module_param_cb(advance_blocks, &advance_ops, &guest_params.advance_blocks, 0644);
MODULE_PARM_DESC(advance_blocks,
		 "blocks scanned between two steps of the watermark, 1 to 1048576 (default 64)");

module_param_named(report, guest_params.report, bool, 0644);
MODULE_PARM_DESC(report, "0: refuse to report free pages to the host (default 1)");

module_param_named(give_back, guest_params.give_back, bool, 0644);
MODULE_PARM_DESC(give_back,
		 "0: refuse to give free memory back when the host asks for it (default 1)");

module_param_named(allow_untested_kernel, guest_params.allow_untested_kernel, bool, 0644);
MODULE_PARM_DESC(allow_untested_kernel,
		 "1: report also on a kernel on which freehint was never tried, at your own risk (default 0)");
