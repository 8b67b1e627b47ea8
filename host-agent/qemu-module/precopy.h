/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where QEMU's migration calls us: opens a round after every bitmap sync, closes
 * it before the next; VM start, stop and reset. All of it under the BQL.
 */
#ifndef FREEHINT_PRECOPY_H
#define FREEHINT_PRECOPY_H

#include "../../include/freehint/types.h"

/**
 * precopy_init() - register with QEMU, once at load
 * @first_wait_us: longest wait for the first hints of a migration, 0 for none
 */
void precopy_init(u64 first_wait_us);

/**
 * precopy_greet() - find the region and say hello, if that was not possible before
 * @why: filled with what stands against it, on failure
 *
 * Return: true when the region is in use. Never before the guest has run: a
 * destination's region is not touched while migration fills it.
 */
bool precopy_greet(const char **why);

/**
 * precopy_start() - report from the next sync on
 * @why: filled with what stands against it, on failure
 *
 * Return: true when reporting is on.
 */
bool precopy_start(const char **why);

/** precopy_stop() - close the round and report no more */
void precopy_stop(void);

/** precopy_enabled() - was reporting started? */
bool precopy_enabled(void);

/** precopy_pass() - pass of the running migration, 0 when there is none */
u32 precopy_pass(void);

/** precopy_refusal() - why no round is opened at present, NULL if nothing is wrong */
const char *precopy_refusal(void);

#endif /* FREEHINT_PRECOPY_H */
