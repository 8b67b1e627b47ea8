/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switch to postcopy: skipped pages are given back to QEMU as pages that are dirty, and
 * that read as zero.
 */
#ifndef FREEHINT_SWITCHOVER_H
#define FREEHINT_SWITCHOVER_H

#include "../../../include/freehint/types.h"

/** switchover_init() - register with QEMU, once at load, BQL held */
void switchover_init(void);

/** switchover_refusal() - why there must be no hints with postcopy-ram, NULL if nothing is wrong */
const char *switchover_refusal(void);

/**
 * switchover_prepare() - a round is about to open
 *
 * With the postcopy-ram capability: remember from now on what is skipped.
 *
 * Context: BQL held, dropped meanwhile under TCG; migration thread, armed, no round open.
 */
void switchover_prepare(void);

/** switchover_in_sync() - a sync by this thread begins or has ended; BQL held */
void switchover_in_sync(bool begins);

/** switchover_over() - the migration has ended; BQL held, no round open */
void switchover_over(void);

#endif /* FREEHINT_SWITCHOVER_H */
