/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where QEMU's migration calls us: opens a round after every bitmap sync, closes
 * it before the next. All of it under the BQL.
 */
#ifndef FREEHINT_PRECOPY_H
#define FREEHINT_PRECOPY_H

#include "../../../include/freehint/types.h"

/**
 * struct precopy_limits - what the administrator chose
 * @first_wait_us: how long the migration thread waits for hints in the first pass, 0 for
 *         not at all
 * @later_wait_us: in each later one, likewise
 * @start: starts reporting when a migration begins and nobody has, until it ends; NULL
 *         for not at all. Fills its argument with what stands against it and returns
 *         false then
 *
 * Half of it when nothing moves. To both comes the time until the guest looks at the
 * request (hint_wait.h), and a millisecond for each GiB of a guest that is busy answering.
 */
struct precopy_limits {
	u64 first_wait_us;
	u64 later_wait_us;
	bool (*start)(const char **why);
};

/** precopy_init() - register with QEMU, once at load; @limits is copied */
void precopy_init(const struct precopy_limits *limits);

/**
 * precopy_close() - close the round, if one is open, and take the request back
 * @wait: see gate_close()
 */
void precopy_close(bool wait);

/** precopy_withdraw() - no round is requested; reporting that is on is said anew */
void precopy_withdraw(void);

/**
 * precopy_start() - report from the next sync on; the host's hello stands in the region
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
