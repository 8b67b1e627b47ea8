/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x-freehint-mark-clean: reads the ranges of one command, checks each of them, and queues all
 * of them or none.
 */
#ifndef FREEHINT_MARK_CLEAN_H
#define FREEHINT_MARK_CLEAN_H

#include "../core/qemu_abi.h"

/**
 * mark_clean() - handler of x-freehint-mark-clean
 * @args: arguments of the command
 * @ret:  set to the answer on success
 * @errp: set on failure
 *
 * Context: main loop, BQL held; bounded by FREEHINT_MAX_RANGES, never waits for QEMU's
 * bitmap lock.
 */
void mark_clean(QDict *args, QObject **ret, Error **errp);

#endif /* FREEHINT_MARK_CLEAN_H */
