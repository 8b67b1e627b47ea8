/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/vmstat.h>; everything is in guest_kernel.h. */
#include "tests/fakes/guest_kernel.h"
