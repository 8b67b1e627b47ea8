// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the ivshmem device on the first bus and maps its shared memory: what a
 * BIOS does, for the one BAR that is wanted.
 */
#include "machine.h"
#include "pci.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define CONFIG_ENABLE	0x80000000U
#define FUNCTIONS	256		/* 32 devices of 8 */

#define IVSHMEM		0x11101af4U	/* device, vendor */
#define COMMAND		0x04
#define COMMAND_MEMORY	2U
#define BAR2		0x18
#define BAR3		0x1c
#define BAR_FLAGS	0xfU

static u32 config_read(u32 function, u32 offset)
{
	port_write(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | offset);
	return port_read(CONFIG_DATA);
}

static void config_write(u32 function, u32 offset, u32 value)
{
	port_write(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | offset);
	port_write(CONFIG_DATA, value);
}

/* BAR2 and BAR3 are one of 64 bits; what can be set of it says how large it is. */
static u64 bar_size(u32 function)
{
	u64 mask;

	config_write(function, BAR2, ~0U);
	config_write(function, BAR3, ~0U);
	mask = config_read(function, BAR2) & ~BAR_FLAGS;
	mask |= (u64)config_read(function, BAR3) << 32;
	return ~mask + 1;
}

u64 pci_map_region(u64 base)
{
	u32 function;
	u64 size;

	for (function = 0; function < FUNCTIONS; function++)
		if (config_read(function, 0) == IVSHMEM)
			break;
	if (function == FUNCTIONS)
		return 0;
	size = bar_size(function);
	config_write(function, BAR2, (u32)base);
	config_write(function, BAR3, (u32)(base >> 32));
	config_write(function, COMMAND, COMMAND_MEMORY);
	return size;
}
