/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first migration in a QEMU series that was never tested: does QEMU call what it is expected
 * to call, and do hints have the effect that they are expected to have?
 */
#ifndef FREEHINT_FIRST_RUN_H
#define FREEHINT_FIRST_RUN_H

/**
 * first_run_init() - look at the first migration that comes to its end with hints
 *
 * What it finds goes to QEMU's log, once: either the first difference, or the numbers of that
 * migration.
 *
 * Context: BQL held, after precopy_init(): QEMU calls the youngest notifier first, and that of
 * precopy.c has to stay the last one.
 */
void first_run_init(void);

#endif /* FREEHINT_FIRST_RUN_H */
