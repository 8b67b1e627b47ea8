/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The apply thread: clears accepted ranges in QEMU's dirty bitmap. No other thread of the
 * extension waits for QEMU's bitmap lock.
 */
#ifndef FREEHINT_APPLY_THREAD_H
#define FREEHINT_APPLY_THREAD_H

/**
 * apply_thread_start() - start the thread, once
 *
 * Called at the first x-freehint-start and not at load: a QEMU that daemonizes forks in
 * between, and threads do not survive a fork.
 *
 * Return: 0 or negative errno of pthread_create().
 */
int apply_thread_start(void);

#endif /* FREEHINT_APPLY_THREAD_H */
