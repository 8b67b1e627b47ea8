/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks the file behind the shared memory as used by a guest that runs, so that two QEMUs with
 * the same file notice each other.
 */
#ifndef FREEHINT_REGION_LOCK_H
#define FREEHINT_REGION_LOCK_H

#include <stdbool.h>

/**
 * region_lock_take() - mark the file
 * @fd: QEMU's descriptor of the file; stays open, and the mark ends with it at the latest
 *
 * Idempotent; any number of processes can hold a mark.
 *
 * Return: 0 or -errno; -EACCES: AppArmor permits no locks on this file (k is missing).
 */
int region_lock_take(int fd);

/** region_lock_drop() - take the mark away, if there is one */
void region_lock_drop(int fd);

/** region_lock_is_shared() - did anybody else who opened the file mark it? */
bool region_lock_is_shared(int fd);

#endif /* FREEHINT_REGION_LOCK_H */
