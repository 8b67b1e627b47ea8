/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/scatterlist.h>; everything is in work_queue.h. */
#include "tests/fakes/work_queue.h"
