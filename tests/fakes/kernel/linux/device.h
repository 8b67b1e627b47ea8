/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/device.h>; everything is in guest_device.h. */
#include "tests/fakes/guest_device.h"
