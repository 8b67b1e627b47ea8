/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Knows the migration thread.
 */
#ifndef FREEHINT_MIGRATION_THREAD_H
#define FREEHINT_MIGRATION_THREAD_H

#include <stdbool.h>

/**
 * migration_thread_note() - this is the thread of the migration that begins
 *
 * Context: BQL held, in the first sync, which no other thread does.
 */
void migration_thread_note(void);

/**
 * in_migration_thread() - is this the thread of the last migration?
 *
 * With auto-converge, QEMU 10.0 and later also sync from a timer in the main loop.
 *
 * Context: BQL held.
 */
bool in_migration_thread(void);

#endif /* FREEHINT_MIGRATION_THREAD_H */
