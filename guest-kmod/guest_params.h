/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters, checked when they are set. All of them may be changed while
 * the module runs.
 */
#ifndef FREEHINT_GUEST_PARAMS_H
#define FREEHINT_GUEST_PARAMS_H

#include <linux/types.h>

/**
 * struct guest_params - what the guest's administrator may choose
 * @poll_idle_ms:   poll period while the host asks for nothing, milliseconds
 * @poll_fast_us:   poll period while reporting is started, microseconds
 * @advance_blocks: blocks of the highest order scanned between two steps of the
 *                  watermark
 * @report:         false: refuse to report free pages
 * @allow_untested_kernel: report even where nobody has tried this kernel
 */
struct guest_params {
	unsigned int poll_idle_ms;
	unsigned int poll_fast_us;
	unsigned int advance_blocks;
	bool report;
	bool allow_untested_kernel;
};

/* Written by the kernel's parameter code at any time: read with READ_ONCE(). */
extern struct guest_params guest_params;

#endif /* FREEHINT_GUEST_PARAMS_H */
