/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks the order of a free page. Uses nothing of the kernel, so the unit tests compile
 * this file unchanged.
 */
#ifndef FREEHINT_BUDDY_ORDER_H
#define FREEHINT_BUDDY_ORDER_H

#include "../../include/freehint/types.h"

/**
 * buddy_order_is_valid() - can a free page of this order start at @pfn?
 * @pfn:       first pfn of the page
 * @order:     order that was read from the struct page
 * @max_order: highest order of the allocator
 *
 * A page with a valid order lies in one block of 2^@max_order pages.
 *
 * Return: true if @order is at most @max_order and @pfn is aligned to it.
 */
static inline bool buddy_order_is_valid(unsigned long pfn, unsigned long order,
					unsigned int max_order)
{
	return order <= max_order && !(pfn & ((1UL << order) - 1));
}

#endif /* FREEHINT_BUDDY_ORDER_H */
