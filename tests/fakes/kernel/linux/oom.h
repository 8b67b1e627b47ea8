/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/oom.h>; everything is in oom_killer.h. */
#include "tests/fakes/oom_killer.h"
