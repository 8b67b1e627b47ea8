// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest module reports, and in which unit, where its kernel has pages of 64 KiB.
 */
/* rig: tests/unit/large_pages_rig.h */
/* flags: -DPAGE_SHIFT=16 */
#include "tests/unit/large_pages_rig.h"

int main(void)
{
	return run_large_pages();
}
