/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread that clears accepted ranges in QEMU's dirty bitmap, the only one of
 * ours that ever waits for QEMU's bitmap lock.
 */
#ifndef FREEHINT_APPLY_THREAD_H
#define FREEHINT_APPLY_THREAD_H

/**
 * apply_thread_start() - start it, once
 *
 * Called at the first x-freehint-start and not at load: a QEMU that daemonizes
 * forks in between, and threads do not survive that.
 *
 * Return: 0 or negative errno of pthread_create().
 */
int apply_thread_start(void);

#endif /* FREEHINT_APPLY_THREAD_H */
