/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixed-width types for the kernel module, user space and freestanding test guests, so
 * that proto/ compiles unchanged in all three.
 */
#ifndef FREEHINT_TYPES_H
#define FREEHINT_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#ifndef static_assert
#define static_assert _Static_assert
#endif
/* The kernel and QEMU have their own. */
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif
#endif

/* The shared bytes are little endian, and the code reads them in place. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "freehint runs on little-endian machines only"
#endif

#endif /* FREEHINT_TYPES_H */
