/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets the skipped pages dirty at the switch to postcopy, in few runs: each run of dirty
 * pages lengthens the guest's stop.
 */
#ifndef FREEHINT_SWITCH_RUNS_H
#define FREEHINT_SWITCH_RUNS_H

#include "../../../include/freehint/types.h"

/* Up to so many runs are set as they are: some 3 ms of the stop. */
#define SWITCH_FEW_RUNS	1024

/*
 * Beyond, a gap of up to so many pages between two runs is closed. Measured under KVM with private
 * memory: a run costs 3.2 us, and a page that the destination has to discard 0.06 to 0.5 us.
 */
#define SWITCH_MAX_GAP	7

/**
 * switch_runs_set_dirty() - set all skipped pages dirty, doubtful ones, too
 *
 * If they are more than SWITCH_FEW_RUNS runs, short gaps between them become dirty, too: QEMU
 * sends these pages once more, with their content. Not under TCG.
 *
 * Context: BQL held, guest stopped, before QEMU collects the log; skipped_drop_unplugged() is done.
 *
 * Return: number of skipped pages.
 */
u64 switch_runs_set_dirty(void);

#endif /* FREEHINT_SWITCH_RUNS_H */
