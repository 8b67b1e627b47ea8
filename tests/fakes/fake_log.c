// SPDX-License-Identifier: GPL-2.0
/*
 * The fake QEMU's dirty log, as a display adapter sees it, and what becomes of pages at a
 * switch to postcopy: set dirty, given to the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_log.h"
#include "include/freehint/shm_layout.h"

#define DIRTY_MEMORY_MIGRATION	2

struct fake_log fake_log;

struct DirtyBitmapSnapshot {
	bool dirty[FAKE_LOG_PAGES];
};

static unsigned int index_of(const void *block)
{
	return (unsigned int)((const struct RAMBlock *)block - fake.block);
}

static void set_log(MemoryRegion *mr, bool log, unsigned int client)
{
	if (client || fake_log.logging[index_of(mr)] == log)
		abort();
	fake_log.logging[index_of(mr)] = log;
}

/* Every listener is called, also when somebody syncs for himself. */
void fake_log_sync(void)
{
	unsigned int i, page;

	fake_log.syncs++;
	for (i = 0; i < fake.blocks; i++)
		for (page = 0; page < FAKE_LOG_PAGES; page++) {
			fake_log.client[i][page] |= fake_log.written[i][page];
			fake_log.migration[i][page] |= fake_log.written[i][page];
			fake_log.written[i][page] = false;
		}
	if (fake_log.listener)
		fake_log.listener->log_sync_global(fake_log.listener, false);
}

static DirtyBitmapSnapshot *take(MemoryRegion *mr, u64 offset, u64 len, unsigned int client)
{
	/* One at a time; not from malloc(), which tests let fail. */
	static DirtyBitmapSnapshot copy;
	DirtyBitmapSnapshot *log = &copy;
	unsigned int i = index_of(mr);
	bool *flag = client == DIRTY_MEMORY_MIGRATION ? fake_log.migration[i] : fake_log.client[i];

	if (offset || len > fake.block[i].len || (!client && !fake_log.logging[i]))
		abort();
	fake_log_sync();
	memcpy(log->dirty, flag, sizeof(log->dirty));
	memset(flag, 0, sizeof(log->dirty));
	return log;
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
	if (offset + len > fake.block[index_of(mr)].len)
		abort();
	return fake_log_count(log->dirty + (offset >> FREEHINT_PAGE_SHIFT),
			      (unsigned int)(len >> FREEHINT_PAGE_SHIFT));
}

static void drop_log(void *log)
{
}

static void set_flags(bool *flag, u64 offset, u64 len)
{
	memset(flag + (offset >> FREEHINT_PAGE_SHIFT), true, len >> FREEHINT_PAGE_SHIFT);
}

static void set_dirty(MemoryRegion *mr, u64 offset, u64 len)
{
	if (index_of(mr) >= FAKE_MAX_BLOCKS) {
		fake_log.region_dirty += len;
		return;
	}
	set_flags(fake_log.dirty[index_of(mr)], offset, len);
	set_flags(fake_log.migration[index_of(mr)], offset, len);
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

static bool is_unplugged(RAMBlock *ram, u64 offset)
{
	if (offset >= ram->len)
		abort();
	return fake_log.unplugged[index_of(ram)][offset >> FREEHINT_PAGE_SHIFT];
}

static bool discard_disabled(void) { return fake_log.disabled; }
static const char *idstr(RAMBlock *ram) { return "mainram"; }
static size_t page_size(RAMBlock *ram) { return fake_log.page_size; }
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
	memset(&fake_log, 0, sizeof(fake_log));
	/* Blocks are born dirty to everybody. */
	memset(fake_log.client, true, sizeof(fake_log.client));
	fake_log.page_size = FREEHINT_PAGE_SIZE;
	fake_log.fd = -1;
	qemu.switch_signal = QEMU_SWITCH_OUTSIDE_SYNC;
	qemu.memory_region_set_log = set_log;
	qemu.memory_region_snapshot_and_clear_dirty = take;
	qemu.memory_region_snapshot_get_dirty = is_dirty;
	qemu.memory_region_set_dirty = set_dirty;
	qemu.memory_listener_register = register_listener;
	qemu.ramblock_page_is_discarded = is_unplugged;
	qemu.ram_block_discard_range = discard;
	qemu.ram_block_discard_is_disabled = discard_disabled;
	qemu.qemu_ram_pagesize = page_size;
	qemu.qemu_ram_get_fd = ram_fd;
	qemu.qemu_ram_get_idstr = idstr;
	qemu.qemu_ram_is_shared = is_shared;
	qemu.g_free = drop_log;
}
