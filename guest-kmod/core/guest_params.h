/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters. The module checks each value when it is set. All parameters can
 * be changed while the module runs.
 */
#ifndef FREEHINT_GUEST_PARAMS_H
#define FREEHINT_GUEST_PARAMS_H

#include <linux/types.h>

/**
 * struct guest_params - settings of the guest's administrator
 * @poll_idle_ms:   poll period in phase OFF, milliseconds
 * @poll_fast_us:   poll period while reporting is started, microseconds
 * @advance_blocks: blocks of the highest order scanned between two steps of the
 *                  watermark
 * @report:         false: refuse to report free pages
 * @give_back:      false: refuse to give free memory back to the host
 * @allow_untested_kernel: true: report even on a kernel that was never tried
 */
struct guest_params {
	unsigned int poll_idle_ms;
	unsigned int poll_fast_us;
	unsigned int advance_blocks;
	bool report;
	bool give_back;
	bool allow_untested_kernel;
};

/* The kernel's parameter code may write at any time: read with READ_ONCE(). */
extern struct guest_params guest_params;

#endif /* FREEHINT_GUEST_PARAMS_H */
