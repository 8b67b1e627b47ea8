/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/pci.h>; everything is in pci_device.h. */
#include "tests/fakes/pci_device.h"
