// SPDX-License-Identifier: GPL-2.0
/*
 * Records the skipped pages: those that a hint took out of the dirty bitmap and that were not
 * written since. QEMU will not send them.
 *
 * After a switch to postcopy these pages need care (switchover.c), and QEMU does not record
 * them: sent and skipped pages are both clean in its bitmap.
 *
 * Writes are read from QEMU's log as a display adapter reads it, through the client "VGA",
 * which has no other user in main memory. Reading it clears this client's bits only, so a
 * mistake here does not touch the migration's bits. Why not the migration's client: every bit
 * taken would have to be put back, page by page, with the BQL held.
 *
 * Invariant: a round is closed, synced, armed, the log is taken, then the round is published.
 * So a write before the log was taken is older than what the guest reports next, and a
 * later write is in the next log and removes the page from the record.
 *
 * Under TCG taking the log drops the BQL. No round is open then, so no page is added in
 * between. docs/extension.md, section skipped.c, has the sources.
 */
#include <stdlib.h>
#include <string.h>

#include "../core/arm.h"
#include "../core/dirty_log.h"
#include "../core/page_bits.h"
#include "skipped.h"

/* hw/virtio/virtio-mem.c, VIRTIO_MEM_MIN_BLOCK_SIZE: 1 MiB */
#define PLUG_PAGES	256

static struct {
	struct skipped_block block[ARM_MAX_BLOCKS];
	unsigned int count;
	bool on;
} skipped;

/* Device memory is never armed, so this does not take over the log of a real display. */
static int add_block(const struct armed_block *armed)
{
	struct skipped_block *block = &skipped.block[skipped.count];

	block->host = armed->start;
	block->pages = (u64)(armed->end - armed->start) >> FREEHINT_PAGE_SHIFT;
	block->ram = armed->ram;
	block->region = armed->region;
	block->word = calloc(page_bits_words(block->pages), sizeof(u64));
	if (!block->word)
		return -ENOMEM;
	qemu.memory_region_ref(block->region);
	qemu.memory_region_set_log(block->region, true, DIRTY_LOG_DISPLAY);
	skipped.count++;
	return 0;
}

int skipped_start(void)
{
	int ret;

	skipped_stop();
	ret = arm_for_each(add_block);
	if (ret) {
		skipped_stop();
		return ret;
	}
	skipped.on = true;
	return 0;
}

void skipped_stop(void)
{
	struct skipped_block *block;

	while (skipped.count) {
		block = &skipped.block[--skipped.count];
		qemu.memory_region_set_log(block->region, false, DIRTY_LOG_DISPLAY);
		qemu.memory_region_unref(block->region);
		free(block->word);
	}
	skipped.on = false;
}

bool skipped_is_on(void)
{
	return skipped.on;
}

void skipped_add(const u8 *hva, u64 len)
{
	struct skipped_block *block = skipped.block;

	for (; block < skipped.block + skipped.count; block++)
		if (page_bits_set_bytes(block->word, block->host, block->pages, hva, len))
			return;
}

static bool logged(const struct skipped_block *block, DirtyBitmapSnapshot *log, u64 page,
		   u64 pages)
{
	return dirty_log_has(block->region, log, page, pages);
}

/* Returns those of the pages in @bits, counted from @page, that are in the log. */
static u64 logged_bits(const struct skipped_block *block, DirtyBitmapSnapshot *log, u64 page,
		       u64 bits)
{
	u64 left = block->pages - page, found = 0;
	int bit;

	if (!logged(block, log, page, left < FREEHINT_WORD_BITS ? left : FREEHINT_WORD_BITS))
		return 0;
	for (; bits; bits &= bits - 1) {
		bit = __builtin_ctzll(bits);
		if (logged(block, log, page + bit, 1))
			found |= 1ULL << bit;
	}
	return found;
}

static void drop_written_in_block(struct skipped_block *block)
{
	u64 i, words = page_bits_words(block->pages);
	DirtyBitmapSnapshot *log;

	log = dirty_log_read_and_clear(block->region, block->pages, DIRTY_LOG_DISPLAY);
	for (i = 0; i < words; i++)
		if (block->word[i])
			block->word[i] &= ~logged_bits(block, log, i * FREEHINT_WORD_BITS,
						       block->word[i]);
	qemu.g_free(log);
}

void skipped_drop_written(void)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		drop_written_in_block(&skipped.block[i]);
}

static bool any_skipped(const struct skipped_block *block, u64 word, u64 end)
{
	for (; word < end; word++)
		if (block->word[word])
			return true;
	return false;
}

/* virtio-mem plugs and unplugs whole pieces of PLUG_PAGES or a multiple. */
static void drop_unplugged_in_block(struct skipped_block *block)
{
	u64 words = page_bits_words(block->pages), word, end;

	for (word = 0; word < words; word = end) {
		end = word + PLUG_PAGES / FREEHINT_WORD_BITS;
		if (end > words)
			end = words;
		if (any_skipped(block, word, end) &&
		    qemu.ramblock_page_is_discarded(block->ram, word * FREEHINT_WORD_BITS *
							       FREEHINT_PAGE_SIZE))
			memset(block->word + word, 0, (end - word) * sizeof(u64));
	}
}

void skipped_drop_unplugged(void)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		drop_unplugged_in_block(&skipped.block[i]);
}

/* Returns the first page at or after @page that is skipped or, with @flip, is not skipped. */
static u64 next_page(const struct skipped_block *block, u64 page, u64 flip)
{
	u64 bits;

	while (page < block->pages) {
		bits = (block->word[page / FREEHINT_WORD_BITS] ^ flip) >>
		       page % FREEHINT_WORD_BITS;
		if (bits) {
			page += (u64)__builtin_ctzll(bits);
			break;
		}
		page = (page / FREEHINT_WORD_BITS + 1) * FREEHINT_WORD_BITS;
	}
	return page < block->pages ? page : block->pages;
}

static bool walk_block(const struct skipped_block *block, skipped_run_fn *run)
{
	u64 page = next_page(block, 0, 0), end;

	for (; page < block->pages; page = next_page(block, end, 0)) {
		end = next_page(block, page, ~0ULL);
		if (!run(block, page, end - page))
			return false;
	}
	return true;
}

void skipped_walk(skipped_run_fn *run)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		if (!walk_block(&skipped.block[i], run))
			return;
}
