/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for the kernel's <linux/module.h>; everything is in pci_driver.h. */
#include "tests/fakes/pci_driver.h"
