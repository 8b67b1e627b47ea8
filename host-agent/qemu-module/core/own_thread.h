/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Starts a thread of the extension.
 */
#ifndef FREEHINT_OWN_THREAD_H
#define FREEHINT_OWN_THREAD_H

#include <pthread.h>

/**
 * own_thread_start() - start a thread in which all signals are blocked
 * @thread: set on success
 * @name:   in lists of threads; at most 15 characters
 * @run:    called with NULL
 *
 * Context: any thread.
 *
 * Return: 0 or negative errno of pthread_create().
 */
int own_thread_start(pthread_t *thread, const char *name, void *(*run)(void *));

#endif /* FREEHINT_OWN_THREAD_H */
