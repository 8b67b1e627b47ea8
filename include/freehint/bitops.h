/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's bit operations under the kernel's names, for code that is also compiled in
 * user space and in freestanding test guests.
 */
#ifndef FREEHINT_BITOPS_H
#define FREEHINT_BITOPS_H

#ifdef __KERNEL__
#include <linux/bitops.h>
#else

#include "types.h"

/**
 * hweight64() - number of bits set in @w
 *
 * Why not __builtin_popcountll(): without -mpopcnt it calls libgcc, which a freestanding
 * guest does not have.
 */
static inline unsigned int hweight64(u64 w)
{
	w -= (w >> 1) & 0x5555555555555555ULL;
	w = (w & 0x3333333333333333ULL) + ((w >> 2) & 0x3333333333333333ULL);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (unsigned int)(w * 0x0101010101010101ULL >> 56);
}

#endif

#endif /* FREEHINT_BITOPS_H */
