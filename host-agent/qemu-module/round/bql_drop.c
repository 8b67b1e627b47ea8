// SPDX-License-Identifier: GPL-2.0
/*
 * Drops the BQL for what takes long.
 */
#include "../core/qemu_abi.h"
#include "../gate/bql_hold.h"
#include "bql_drop.h"

void bql_drop(void)
{
	bql_hold_pause();
	qemu.bql_unlock();
}

void bql_take(void)
{
	qemu.bql_lock(__FILE__, __LINE__);
	bql_hold_resume();
}
