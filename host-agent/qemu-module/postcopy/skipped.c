// SPDX-License-Identifier: GPL-2.0
/*
 * Records the skipped pages: those that a hint took out of the dirty bitmap and that were not
 * written since. QEMU will not send them.
 *
 * After a switch to postcopy these pages need care (switchover.c), and QEMU does not record
 * them: sent and skipped pages are both clean in its bitmap.
 *
 * A page that was written since is dirty in QEMU's bitmap right after the next sync, before
 * QEMU sends anything. The migration thread looks there after each sync of its own. At the
 * switch the bitmap comes too late, so the log that the sync is about to collect is read.
 *
 * A sync of another thread (auto-converge, QEMU 10.0) can put a page into the bitmap that is
 * sent before anybody looks. So before such a sync all pages become doubtful: they are
 * set dirty at the switch like the others, but never made zero. The next hint ends the doubt.
 * The same holds for a sync with the guest paused, after which nobody looked.
 *
 * Invariant: a round is closed before a sync, so no page is added between the sync and the look.
 *
 * Why no log of our own: QEMU has one for displays, but a vhost device takes no memory in which
 * it is on. docs/extension.md, section skipped.c, has the sources.
 */
#include <errno.h>
#include <stdlib.h>

#include "../core/arm.h"
#include "../core/dirty_log.h"
#include "../core/page_bits.h"
#include "../core/ram_dirty_bitmap.h"
#include "skipped.h"

static struct {
	struct skipped_block block[ARM_MAX_BLOCKS];
	unsigned int count;
	bool on;
} skipped;

static int add_block(const struct armed_block *armed)
{
	struct skipped_block *block = &skipped.block[skipped.count];

	block->host = armed->start;
	block->pages = (u64)(armed->end - armed->start) >> FREEHINT_PAGE_SHIFT;
	block->ram = armed->ram;
	block->region = armed->region;
	qemu.memory_region_ref(block->region);
	skipped.count++;
	block->word = calloc(page_bits_words(block->pages), sizeof(u64));
	block->doubtful = calloc(page_bits_words(block->pages), sizeof(u64));
	return block->word && block->doubtful ? 0 : -ENOMEM;
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
		qemu.memory_region_unref(block->region);
		free(block->word);
		free(block->doubtful);
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

static bool is_empty(const struct skipped_block *block, u64 word)
{
	return !(block->word[word] | block->doubtful[word]);
}

/* Most words stay as they are: they are not written. */
static void keep(struct skipped_block *block, u64 word, u64 pages)
{
	if (block->word[word] & ~pages)
		block->word[word] &= pages;
	if (block->doubtful[word] & ~pages)
		block->doubtful[word] &= pages;
}

static void drop_dirty_in_block(struct skipped_block *block)
{
	const u64 *dirty = ram_dirty_bitmap(block->ram);
	u64 i, words = page_bits_words(block->pages);

	for (i = 0; i < words; i++)
		if (!is_empty(block, i))
			keep(block, i, dirty ? ~__atomic_load_n(&dirty[i], __ATOMIC_RELAXED) : 0);
}

void skipped_drop_dirty(void)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		drop_dirty_in_block(&skipped.block[i]);
}

static void drop_logged_in_block(struct skipped_block *block)
{
	u64 i, words = page_bits_words(block->pages);
	DirtyBitmapSnapshot *log = dirty_log_take(block->region, block->pages);

	for (i = 0; i < words; i++)
		keep(block, i, ~dirty_log_restore(block->region, log, i * FREEHINT_WORD_BITS,
						  block->pages));
	qemu.g_free(log);
}

void skipped_drop_logged(void)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		drop_logged_in_block(&skipped.block[i]);
}

/* A store where nothing is skipped would allocate the memory of the record. */
static void doubt_block(struct skipped_block *block)
{
	u64 i, words = page_bits_words(block->pages);

	for (i = 0; i < words; i++) {
		if (!block->word[i])
			continue;
		block->doubtful[i] |= block->word[i];
		block->word[i] = 0;
	}
}

void skipped_doubt(void)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		doubt_block(&skipped.block[i]);
}

static bool any_skipped(const struct skipped_block *block, u64 word, u64 end)
{
	for (; word < end; word++)
		if (!is_empty(block, word))
			return true;
	return false;
}

static void forget(struct skipped_block *block, u64 word, u64 end)
{
	for (; word < end; word++)
		keep(block, word, 0);
}

/*
 * virtio-mem plugs and unplugs whole pieces of SKIPPED_PLUG_PAGES, or of a multiple: at least a
 * page of the backend. Asked in the middle of such a page, QEMU looks at the next piece, too.
 */
static u64 plug_words(const struct skipped_block *block)
{
	u64 pages = qemu.qemu_ram_pagesize(block->ram) >> FREEHINT_PAGE_SHIFT;

	return (pages > SKIPPED_PLUG_PAGES ? pages : SKIPPED_PLUG_PAGES) / FREEHINT_WORD_BITS;
}

static void drop_unplugged_in_block(struct skipped_block *block)
{
	u64 words = page_bits_words(block->pages), step = plug_words(block), word, end;

	if (!qemu.memory_region_get_ram_discard_manager(block->region))
		return;
	for (word = 0; word < words; word = end) {
		end = word + step;
		if (end > words)
			end = words;
		if (any_skipped(block, word, end) &&
		    qemu.ramblock_page_is_discarded(block->ram, word * FREEHINT_WORD_BITS *
							       FREEHINT_PAGE_SIZE))
			forget(block, word, end);
	}
}

void skipped_drop_unplugged(void)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		drop_unplugged_in_block(&skipped.block[i]);
}

static u64 pages_in(const struct skipped_block *block, u64 word, bool doubtful)
{
	return block->word[word] | (doubtful ? block->doubtful[word] : 0);
}

/* Return: the first page at or after @page that is skipped or, with @flip, is not skipped. */
static u64 next_page(const struct skipped_block *block, u64 page, u64 flip, bool doubtful)
{
	u64 bits;

	while (page < block->pages) {
		bits = (pages_in(block, page / FREEHINT_WORD_BITS, doubtful) ^ flip) >>
		       page % FREEHINT_WORD_BITS;
		if (bits) {
			page += (u64)__builtin_ctzll(bits);
			break;
		}
		page = (page / FREEHINT_WORD_BITS + 1) * FREEHINT_WORD_BITS;
	}
	return page < block->pages ? page : block->pages;
}

static bool walk_block(const struct skipped_block *block, skipped_run_fn *run, bool doubtful)
{
	u64 page = next_page(block, 0, 0, doubtful), end;

	for (; page < block->pages; page = next_page(block, end, 0, doubtful)) {
		end = next_page(block, page, ~0ULL, doubtful);
		if (!run(block, page, end - page))
			return false;
	}
	return true;
}

static void walk(skipped_run_fn *run, bool doubtful)
{
	unsigned int i;

	for (i = 0; i < skipped.count; i++)
		if (!walk_block(&skipped.block[i], run, doubtful))
			return;
}

void skipped_walk(skipped_run_fn *run)
{
	walk(run, true);
}

void skipped_walk_certain(skipped_run_fn *run)
{
	walk(run, false);
}
