/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks the shape of a range that a QMP peer sent: aligned, in order, inside what a guest can
 * have.
 */
#ifndef FREEHINT_RANGE_CHECK_H
#define FREEHINT_RANGE_CHECK_H

#include "../../../include/freehint/qmp_names.h"
#include "qemu_abi.h"

/**
 * range_check() - check one range of a command
 * @i:     its place in the list, for the message
 * @r:     a private copy of the range
 * @after: end of the range before it, 0 for the first; ranges are in order, without overlap
 * @errp:  set on failure
 *
 * Return: true if the range is not empty, aligned to pages, in order, and ends below
 * FREEHINT_MAX_PAGES, so that no sum of it overflows.
 */
bool range_check(u32 i, const struct freehint_range *r, u64 after, Error **errp);

#endif /* FREEHINT_RANGE_CHECK_H */
