/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/cc_platform.h>; the answers are in pci_device.h. */
#include "tests/fakes/guest_kernel.h"
