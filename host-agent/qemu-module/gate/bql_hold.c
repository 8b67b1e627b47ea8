// SPDX-License-Identifier: GPL-2.0
/*
 * Counts how long the extension holds QEMU's big lock: bql-total-us and bql-max-us.
 *
 * Holds nest: a migration starts reporting, as a command does, and both would count. So the
 * outermost one counts alone. While QEMU itself drops the BQL in a function that we have called,
 * the time counts as held.
 */
#include "../../common/clock.h"
#include "bql_hold.h"
#include "round_gate.h"

/* Each thread's own: one that waits for the BQL in the middle of a hold lets others hold it. */
static _Thread_local struct {
	bool held;
	u64 since_us;
} this_thread;

struct bql_hold bql_hold_begin(void)
{
	struct bql_hold hold = { .inner = this_thread.held };

	if (hold.inner)
		return hold;
	this_thread.held = true;
	bql_hold_resume();
	return hold;
}

void bql_hold_end(struct bql_hold hold)
{
	if (hold.inner)
		return;
	bql_hold_pause();
	this_thread.held = false;
}

void bql_hold_pause(void)
{
	gate_count_bql(clock_us() - this_thread.since_us);
}

void bql_hold_resume(void)
{
	this_thread.since_us = clock_us();
}
