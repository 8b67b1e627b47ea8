/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switch to postcopy: gives skipped pages back to QEMU as pages that are dirty and that
 * read as zero.
 */
#ifndef FREEHINT_SWITCHOVER_H
#define FREEHINT_SWITCHOVER_H

#include "../../../include/freehint/types.h"

/** switchover_init() - register with QEMU, once at load, BQL held */
void switchover_init(void);

/** switchover_refusal() - why hints are impossible with postcopy-ram, NULL if they are possible */
const char *switchover_refusal(void);

/**
 * switchover_prepare() - prepare for a round that is about to open
 *
 * With the postcopy-ram capability, starts to record skipped pages.
 *
 * Context: BQL held; migration thread, armed, no round open.
 */
void switchover_prepare(void);

/**
 * switchover_permits() - may pages be taken out of the dirty bitmap?
 *
 * Return: true without the postcopy-ram capability, or while a switch is still to come and
 * will be recognised.
 *
 * Context: BQL held, migration thread.
 */
bool switchover_permits(void);

/** switchover_before_sync() - this thread starts a sync; BQL held, no round open until its end */
void switchover_before_sync(void);

/** switchover_after_sync() - this thread has ended a sync; BQL held, nothing was sent since */
void switchover_after_sync(void);

/** switchover_end() - clean up: the migration has ended; BQL held, no round open */
void switchover_end(void);

#endif /* FREEHINT_SWITCHOVER_H */
