// SPDX-License-Identifier: GPL-2.0
/*
 * The migration's dirty bitmap of a RAM block.
 *
 * QEMU has no function that reads it. RAMBlock::bmap follows RAMBlock::page_size in the sources
 * of 7.2, 10.0 and 10.2, and in the program of 11.1 (colo_record_bitmap()). What stands before
 * them differs. qemu_ram_pagesize() returns page_size of any block that it is given, so a
 * block whose words are numbers tells which word that is.
 */
#include <stddef.h>

#include "ram_dirty_bitmap.h"

/* More than a RAMBlock has in these series: 52 to 61. */
#define BLOCK_WORDS	128

static size_t bitmap_word;

void ram_dirty_bitmap_init(void)
{
	size_t word[BLOCK_WORDS], i;

	for (i = 0; i < BLOCK_WORDS; i++)
		word[i] = i;
	i = qemu.qemu_ram_pagesize((RAMBlock *)word);
	bitmap_word = i && i < BLOCK_WORDS - 1 ? i + 1 : 0;
}

bool ram_dirty_bitmap_is_known(void)
{
	return bitmap_word;
}

const u64 *ram_dirty_bitmap(const RAMBlock *ram)
{
	return ((const u64 *const *)ram)[bitmap_word];
}
