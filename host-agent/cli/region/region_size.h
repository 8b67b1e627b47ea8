/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large the shared memory has to be for a guest.
 */
#ifndef FREEHINT_CLI_REGION_SIZE_H
#define FREEHINT_CLI_REGION_SIZE_H

#include "include/freehint/types.h"

/**
 * region_size_for() - smallest region whose bitmap describes a guest
 * @pages: one past the guest's highest page frame, at most FREEHINT_MAX_PAGES
 *
 * Return: bytes, a power of two.
 */
u64 region_size_for(u64 pages);

/** region_mib_for() - likewise, MiB, at least 1: the unit of a memory backend's size */
u64 region_mib_for(u64 pages);

#endif /* FREEHINT_CLI_REGION_SIZE_H */
