// SPDX-License-Identifier: GPL-2.0
/*
 * Records whether a device is in use as the freehint region. The module uses one only:
 * two regions would mean two hosts to answer, but a guest has one memory to report.
 */
#include <linux/bitops.h>

#include "active_device.h"

/* Bit 0: a device is in use. */
static unsigned long active;

bool active_device_claim(void)
{
	return !test_and_set_bit(0, &active);
}

void active_device_release(void)
{
	clear_bit(0, &active);
}

bool active_device_exists(void)
{
	return test_bit(0, &active);
}
