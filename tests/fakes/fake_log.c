// SPDX-License-Identifier: GPL-2.0
/*
 * The fake QEMU's dirty log and dirty bitmap, and what becomes of pages at a
 * switch to postcopy: set dirty, given to the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_log.h"
#include "include/freehint/shm_layout.h"

#define DIRTY_MEMORY_MIGRATION	2
#define FAKE_WORD_BYTES		(64ULL << FREEHINT_PAGE_SHIFT)

struct fake_log fake_log;

/* As QEMU has it: bytes of a block, and its pages that were dirty. One at a time. */
static struct DirtyBitmapSnapshot {
	u64 start;
	u64 end;
	u64 word[FAKE_LOG_PAGES / 64];
} taken;
static unsigned int taken_block;

static bool was_taken(u64 page)
{
	return taken.word[page / 64] >> page % 64 & 1;
}

static unsigned int index_of(const void *block)
{
	return (unsigned int)((const struct RAMBlock *)block - fake.block);
}

/* Every listener is called, also when somebody syncs for himself. */
void fake_log_sync(void)
{
	unsigned int i, page;

	fake_log.syncs++;
	for (i = 0; i < fake.blocks; i++)
		for (page = 0; page < FAKE_LOG_PAGES; page++) {
			fake_log.migration[i][page] |= fake_log.written[i][page];
			fake_log.written[i][page] = false;
		}
	if (fake_log.listener)
		fake_log.listener->log_sync_global(fake_log.listener, false);
}

void fake_log_collect(void)
{
	unsigned int i, page;

	for (i = 0; i < fake.blocks; i++)
		for (page = 0; page < FAKE_LOG_PAGES; page++) {
			fake_log.bmap[i][page / 64] |=
				(u64)fake_log.migration[i][page] << page % 64;
			fake_log.migration[i][page] = false;
		}
}

void fake_log_send(void)
{
	memset(fake_log.bmap, 0, sizeof(fake_log.bmap));
}

static DirtyBitmapSnapshot *take(MemoryRegion *mr, u64 offset, u64 len, unsigned int client)
{
	unsigned int i = index_of(mr);
	bool *flag = fake_log.migration[i];
	u64 page;

	/* vhost takes no memory that another client logs. */
	if (offset || len > fake.block[i].len || client != DIRTY_MEMORY_MIGRATION)
		abort();
	fake_log_sync();
	memset(&taken, 0, sizeof(taken));
	taken_block = i;
	taken.start = fake_log.odd_snapshot;
	taken.end = taken.start + ((len + FAKE_WORD_BYTES - 1) & ~(FAKE_WORD_BYTES - 1));
	for (page = 0; page < FAKE_LOG_PAGES; page++)
		taken.word[page / 64] |= (u64)flag[page] << page % 64;
	memset(flag, 0, FAKE_LOG_PAGES * sizeof(*flag));
	return &taken;
}

unsigned int fake_log_count(const bool *flag, unsigned int pages)
{
	unsigned int i, count = 0;

	for (i = 0; i < pages; i++)
		count += flag[i];
	return count;
}

static bool is_dirty(MemoryRegion *mr, DirtyBitmapSnapshot *log, u64 offset, u64 len)
{
	u64 page = offset >> FREEHINT_PAGE_SHIFT, end = (offset + len) >> FREEHINT_PAGE_SHIFT;

	fake_log.questions++;
	if (offset + len > fake.block[index_of(mr)].len)
		abort();
	while (page < end)
		if (was_taken(page++))
			return true;
	return false;
}

static void drop_log(void *log)
{
}

static void set_flags(bool *flag, u64 offset, u64 len)
{
	memset(flag + (offset >> FREEHINT_PAGE_SHIFT), true, len >> FREEHINT_PAGE_SHIFT);
}

/* A page of the log that was taken is put back. */
static void put_back_or_set(unsigned int i, u64 page)
{
	fake_log.migration[i][page] = true;
	if (taken_block != i || !was_taken(page))
		fake_log.dirty[i][page] = true;
}

static void set_dirty(MemoryRegion *mr, u64 offset, u64 len)
{
	u64 page = offset >> FREEHINT_PAGE_SHIFT, end = (offset + len) >> FREEHINT_PAGE_SHIFT;

	if (index_of(mr) >= FAKE_MAX_BLOCKS) {
		fake_log.region_dirty += len;
		return;
	}
	for (; page < end; page++)
		put_back_or_set(index_of(mr), page);
}

static int discard(RAMBlock *ram, u64 offset, size_t len)
{
	__atomic_fetch_add(&fake_log.discards, 1, __ATOMIC_SEQ_CST);
	if (fake_log.during)
		fake_log.during();
	if (fake_log.refuse)
		return -EINVAL;
	set_flags(fake_log.discarded[index_of(ram)], offset, len);
	return 0;
}

static void *manager_of(MemoryRegion *mr)
{
	unsigned int i = index_of(mr);

	return fake_log_count(fake_log.unplugged[i], FAKE_LOG_PAGES) ? mr : NULL;
}

/*
 * As QEMU: is a part of the backend's page from @offset on not plugged? In a block without a
 * manager all is plugged, and QEMU need not be asked.
 */
static bool is_unplugged(RAMBlock *ram, u64 offset)
{
	u64 page = offset >> FREEHINT_PAGE_SHIFT, end = page + (ram->page >> FREEHINT_PAGE_SHIFT);

	if (offset >= ram->len || !manager_of((MemoryRegion *)ram))
		abort();
	for (; page < end && page < FAKE_LOG_PAGES; page++)
		if (fake_log.unplugged[index_of(ram)][page])
			return true;
	return false;
}

static bool discard_disabled(void) { return fake_log.disabled; }
static const char *idstr(RAMBlock *ram) { return "mainram"; }
static size_t page_size(RAMBlock *ram) { return ram->page; }
static int ram_fd(RAMBlock *ram) { return fake_log.fd; }
static bool is_shared(RAMBlock *ram) { return fake_log.shared; }

static void register_listener(struct qemu_memory_listener *listener, void *address_space)
{
	fake_log.listener = listener;
}

static int register_handlers(const char *name, u32 instance, int version,
			     const struct qemu_savevm_handlers *ops, void *opaque)
{
	fake_log.handlers = ops;
	return 0;
}

void fake_log_announces(void)
{
	qemu.register_savevm_live = register_handlers;
	qemu.switch_signal = QEMU_SWITCH_ANNOUNCED;
}

void fake_log_install(void)
{
	unsigned int i;

	memset(&fake_log, 0, sizeof(fake_log));
	memset(&taken, 0, sizeof(taken));
	for (i = 0; i < FAKE_MAX_BLOCKS; i++)
		fake.block[i].bmap = fake_log.bmap[i];
	fake_log.fd = -1;
	qemu.switch_signal = QEMU_SWITCH_OUTSIDE_SYNC;
	qemu.memory_region_snapshot_and_clear_dirty = take;
	qemu.memory_region_snapshot_get_dirty = is_dirty;
	qemu.memory_region_set_dirty = set_dirty;
	qemu.memory_listener_register = register_listener;
	qemu.memory_region_get_ram_discard_manager = manager_of;
	qemu.ramblock_page_is_discarded = is_unplugged;
	qemu.ram_block_discard_range = discard;
	qemu.ram_block_discard_is_disabled = discard_disabled;
	qemu.qemu_ram_pagesize = page_size;
	qemu.qemu_ram_get_fd = ram_fd;
	qemu.qemu_ram_get_idstr = idstr;
	qemu.qemu_ram_is_shared = is_shared;
	qemu.g_free = drop_log;
}
