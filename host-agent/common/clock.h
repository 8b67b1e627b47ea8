/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock of the agent and of the QEMU extension: monotonic microseconds.
 */
#ifndef FREEHINT_CLOCK_H
#define FREEHINT_CLOCK_H

#include <time.h>

#include "../../include/freehint/types.h"

/** clock_us() - monotonic time, microseconds; only differences have a meaning */
static inline u64 clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000 + (u64)now.tv_nsec / 1000;
}

/**
 * thread_cpu_us() - processor time of the calling thread, microseconds
 *
 * What clock_us() counts more in the same stretch is waiting: for a lock or a page, or because
 * the host's scheduler runs something else.
 */
static inline u64 thread_cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (u64)now.tv_sec * 1000000 + (u64)now.tv_nsec / 1000;
}

#endif /* FREEHINT_CLOCK_H */
