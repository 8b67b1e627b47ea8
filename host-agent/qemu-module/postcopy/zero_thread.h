/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread that makes skipped pages zero after a switch to postcopy.
 */
#ifndef FREEHINT_ZERO_THREAD_H
#define FREEHINT_ZERO_THREAD_H

#include "../../../include/freehint/types.h"

/**
 * zero_thread_start() - start the thread; it works in ascending order of pages
 *
 * The guest is stopped. The record of skipped pages must not change until zero_thread_stop().
 * If no thread can be created the pages keep their content, which is harmless.
 *
 * Context: BQL held.
 */
void zero_thread_start(void);

/**
 * zero_thread_stop() - stop the thread and wait for its end: some milliseconds
 *
 * Call it before the guest runs here again: the guest may then use any page.
 *
 * Context: BQL held; the thread does not need it.
 */
void zero_thread_stop(void);

#endif /* FREEHINT_ZERO_THREAD_H */
