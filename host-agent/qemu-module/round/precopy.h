/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Precopy notifiers: open a round after every bitmap sync and close it before the next. Call
 * everything under the BQL.
 */
#ifndef FREEHINT_PRECOPY_H
#define FREEHINT_PRECOPY_H

#include "../../../include/freehint/types.h"

/**
 * struct precopy_limits - options of the administrator
 * @first_wait_us: limit of the migration thread's wait for hints in the first pass, 0: no
 *         wait
 * @later_wait_us: the same for each later pass
 * @start: starts reporting for the duration of a migration if it is off when the migration
 *         starts; NULL: never. Return: false on failure, with the reason in its argument
 *
 * When nothing moves, the wait ends after half of the limit. Both times are extended by the
 * time until the guest polls the request (hint_wait.h); the limit is also extended by a
 * millisecond per GiB, for a guest that is busy answering.
 */
struct precopy_limits {
	u64 first_wait_us;
	u64 later_wait_us;
	bool (*start)(const char **why);
};

/** precopy_init() - register with QEMU, once at load; @limits is copied */
void precopy_init(const struct precopy_limits *limits);

/**
 * precopy_close() - close the round, if one is open, and withdraw the request
 * @wait: see gate_close()
 */
void precopy_close(bool wait);

#endif /* FREEHINT_PRECOPY_H */
