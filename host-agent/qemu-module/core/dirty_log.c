// SPDX-License-Identifier: GPL-2.0
/*
 * Marks pages dirty in the migration's log, and puts a log back that was taken, word by word.
 *
 * This runs with the guest stopped at a switch to postcopy, so it may not ask QEMU for every page:
 * 1 TiB has 268 million, and few of them are dirty.
 *
 * Invariant: under TCG a page does not lose the mark that it holds translated code
 * (DIRTY_MEMORY_CODE, in the same log). TCG would run the old code after the guest has changed it.
 */
#include "dirty_log.h"
#include "page_bits.h"

/* DirtyBitmapSnapshot, system/physmem.c: in 7.2, 10.0 and 10.2, and in the program of 11.1. */
struct qemu_dirty_snapshot {
	u64 start;
	u64 end;
	u64 word[];
};

/* Bytes of the pages of a word. */
#define WORD_BYTES	((u64)FREEHINT_WORD_BITS << FREEHINT_PAGE_SHIFT)

/* Return: false for a log that begins inside a word, or is of another form. */
static bool is_known(const struct qemu_dirty_snapshot *log, u64 pages)
{
	return !(log->start % WORD_BYTES) &&
	       log->end - log->start == page_bits_words(pages) * WORD_BYTES;
}

static u64 ask_for_pages(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page, u64 left)
{
	u64 i, bits = 0;

	if (!dirty_log_has(region, log, page, left))
		return 0;
	for (i = 0; i < left; i++)
		if (dirty_log_has(region, log, page + i, 1))
			bits |= 1ULL << i;
	return bits;
}

static u64 dirty_bits(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page, u64 pages)
{
	const struct qemu_dirty_snapshot *words = (const void *)log;
	u64 left = pages - page;

	if (left > FREEHINT_WORD_BITS)
		left = FREEHINT_WORD_BITS;
	if (is_known(words, pages))
		return words->word[page / FREEHINT_WORD_BITS] &
		       (~0ULL >> (FREEHINT_WORD_BITS - left));
	return ask_for_pages(region, log, page, left);
}

/*
 * memory_region_set_dirty() clears the mark. QEMU sets the same bits, and drops the translated
 * code first, where a device has written through a mapping; that call drops a reference, too.
 */
static void set_as_written(MemoryRegion *region, u64 offset, u64 len)
{
	char *start = qemu.memory_region_get_ram_ptr(region);

	qemu.memory_region_ref(region);
	qemu.address_space_unmap(qemu.address_space_memory, start + offset, len, true, len);
}

void dirty_log_set(MemoryRegion *region, u64 page, u64 pages)
{
	u64 offset = page << FREEHINT_PAGE_SHIFT, len = pages << FREEHINT_PAGE_SHIFT;

	if (qemu.tlb_reset_dirty)
		set_as_written(region, offset, len);
	else
		qemu.memory_region_set_dirty(region, offset, len);
}

static void set_runs(MemoryRegion *region, u64 page, u64 bits)
{
	u64 first, len;

	while (bits) {
		first = (u64)__builtin_ctzll(bits);
		bits >>= first;
		len = bits == ~0ULL ? FREEHINT_WORD_BITS : (u64)__builtin_ctzll(~bits);
		page += first;
		dirty_log_set(region, page, len);
		/* a shift by the whole word is undefined */
		bits = len < FREEHINT_WORD_BITS ? bits >> len : 0;
		page += len;
	}
}

u64 dirty_log_restore(MemoryRegion *region, DirtyBitmapSnapshot *log, u64 page, u64 pages)
{
	u64 bits = dirty_bits(region, log, page, pages);

	set_runs(region, page, bits);
	return bits;
}
