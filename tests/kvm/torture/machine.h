/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine as the torture guest uses it: where things are in its memory, ports,
 * the clock. Also read by the assembler.
 */
#ifndef TORTURE_MACHINE_H
#define TORTURE_MACHINE_H

/*
 * Memory. Below 1 MiB nothing is ever hinted; the report and the shadow table lie
 * above it and are protected by being in use alone.
 */
#define MAP_ORDERS	0x1000
#define MAP_TABLES	0x2000
#define MAP_STACK_0	0x10000
#define MAP_STACK_1	0x18000
#define MAP_DATA	0x20000	/* .bss, as rom.lds has it */
#define MAP_DATA_END	0x80000
#define MAP_REPORT	0x100000
#define MAP_SHADOW	0x101000
#define MAP_PAGES	0x400000

/* Where the region goes: a hole between RAM and the APICs. */
#define MAP_REGION	0xe0000000

/* ROM, as the number of a page: where the second processor starts. */
#define ROM_PAGE	0xf0

#ifndef __ASSEMBLER__

#include "include/freehint/types.h"

static inline void port_write(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 port_read(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u64 cycles(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static inline void relax(void)
{
	__asm__ volatile("pause");
}

#endif /* __ASSEMBLER__ */

#endif /* TORTURE_MACHINE_H */
