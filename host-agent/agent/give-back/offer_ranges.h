/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Converts the blocks of an offer to byte ranges in address order. Pure: no shared memory,
 * no clock, no I/O.
 */
#ifndef FREEHINT_OFFER_RANGES_H
#define FREEHINT_OFFER_RANGES_H

#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"

/**
 * offer_ranges() - sort the blocks of an offer, and merge those that touch or overlap
 * @offer: copy that freehint_copy_offer() has checked; its blocks are sorted afterwards
 * @out:   room for FREEHINT_OFFER_BLOCKS ranges
 *
 * Return: number of ranges written, at least 1.
 */
unsigned int offer_ranges(struct freehint_offer *offer, struct freehint_range *out);

#endif /* FREEHINT_OFFER_RANGES_H */
