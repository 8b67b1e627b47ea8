/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread that makes skipped pages zero after a switch to postcopy.
 */
#ifndef FREEHINT_ZERO_THREAD_H
#define FREEHINT_ZERO_THREAD_H

#include "../../../include/freehint/types.h"

/**
 * zero_thread_start() - begin with it, lowest pages first
 *
 * The guest is stopped; what is skipped changes no more until zero_thread_stop(). If no
 * thread can be had the pages stay as they are, which is no harm.
 */
void zero_thread_start(void);

/**
 * zero_thread_stop() - end it, and wait until it has ended: some milliseconds
 *
 * Must be called before the guest runs here again, which may use any page then.
 */
void zero_thread_stop(void);

#endif /* FREEHINT_ZERO_THREAD_H */
