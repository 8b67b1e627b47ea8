/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared region of the fake QEMU as memory that migrates. Part of fake_qemu.c.
 */
#ifndef FREEHINT_FAKE_REGION_H
#define FREEHINT_FAKE_REGION_H

static bool is_in_region(const u8 *hva)
{
	const u8 *shm = fake.shm;

	return shm && hva >= shm && hva < shm + fake.shm_size;
}

/* Its own pages, in the notifier of a sync, with the big lock held. */
static bool hint_region(const u8 *at, size_t len)
{
	u64 offset = (u64)(at - (u8 *)fake.shm);

	if (!is_in_region(at))
		return false;
	if (!fake.bql || fake.shm_ignored || len > fake.shm_size - offset)
		abort();
	fake.shm_clean_at = offset;
	fake.shm_clean = len;
	fake.shm_cleans++;
	return true;
}

/* Its block has no more to it than its address. */
static RAMBlock *region_block(void *hva, bool round, u64 *offset)
{
	return is_in_region(hva) ? fake.shm : NULL;
}

static bool block_ignored(RAMBlock *block)
{
	return block == (RAMBlock *)fake.shm ? fake.shm_ignored : block->ignored;
}

static void *mr_ptr(MemoryRegion *mr) { return fake.shm; }
static u64 mr_size(MemoryRegion *mr) { return fake.shm_size; }
static int mr_fd(MemoryRegion *mr) { return fake.shm_fd; }

static bool mr_mapped(MemoryRegion *mr) { return !fake.unmapped; }

static void add_listener(struct qemu_memory_listener *listener, void *address_space)
{
	fake.listener = listener;
}

void fake_region_del(const void *region)
{
	const struct qemu_memory_section section = { .region = (MemoryRegion *)region };

	fake.listener->region_del(fake.listener, &section);
}

static void init_region(void)
{
	qemu.memory_region_get_ram_ptr = mr_ptr;
	qemu.memory_region_size = mr_size;
	qemu.memory_region_get_fd = mr_fd;
	qemu.memory_region_is_mapped = mr_mapped;
	qemu.memory_listener_register = add_listener;
	qemu.qemu_ram_block_from_host = region_block;
	qemu.ram_is_ignored = block_ignored;
}

void *fake_region_new(u64 size)
{
	void *region = aligned_alloc(FREEHINT_HEADER_SIZE, size);

	if (region)
		memset(region, 0, size);
	return region;
}

#endif /* FREEHINT_FAKE_REGION_H */
