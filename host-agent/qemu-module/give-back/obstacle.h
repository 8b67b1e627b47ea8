/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands against giving memory back.
 */
#ifndef FREEHINT_OBSTACLE_H
#define FREEHINT_OBSTACLE_H

#include "../../../include/freehint/types.h"

/**
 * obstacle_lasting() - why this guest and this QEMU cannot give memory back
 * @order: smallest order of a block that is wanted, 0 while none is
 *
 * Context: BQL held.
 *
 * Return: a static string of less than 128 bytes, NULL if they can. The next call may change
 * its text.
 */
const char *obstacle_lasting(u32 order);

/**
 * obstacle_passing() - why no memory may be discarded at this moment
 *
 * Context: main loop, BQL held; holds until the BQL is dropped.
 *
 * Return: a static string of less than 128 bytes, NULL if it may.
 */
const char *obstacle_passing(void);

#endif /* FREEHINT_OBSTACLE_H */
