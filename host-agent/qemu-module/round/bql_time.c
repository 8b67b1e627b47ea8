// SPDX-License-Identifier: GPL-2.0
/*
 * Drops the BQL for what takes long, and counts how long the extension has held it.
 */
#include "../../common/clock.h"
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "bql_time.h"

/* When the extension began to hold the BQL; only the migration thread uses it. */
static u64 since_us;

void bql_time_start(void)
{
	since_us = clock_us();
}

void bql_time_end(void)
{
	gate_count_bql(clock_us() - since_us);
}

void bql_drop(void)
{
	bql_time_end();
	qemu.bql_unlock();
}

void bql_take(void)
{
	qemu.bql_lock(__FILE__, __LINE__);
	bql_time_start();
}
