// SPDX-License-Identifier: GPL-2.0
/*
 * Arming: clearing the dirty log of all guest memory, so that every later write is
 * recorded, before the guest is asked which pages are free.
 *
 * Theory of operation
 * -------------------
 * With KVM_DIRTY_LOG_MANUAL_PROTECT a bitmap sync only reads KVM's log. A page's
 * bit stays set, and the page writable, until QEMU clears the chunk (1 GiB unless
 * x-clear-bitmap-shift says otherwise) that holds it: when the first page of the
 * chunk is sent, or hinted. A write in between leaves no trace, because the bit it
 * would set is set already; the late clear then wipes the only trace there was. So
 * a page that the guest saw free, reused and wrote *before* its hint arrived would
 * be lost. QEMU's own sends do not mind: they clear the chunk first and read the
 * page's content afterwards. A hint never reads the content.
 *
 * Therefore every chunk is cleared when a round opens, before the guest looks. The
 * exported way is qemu_guest_free_page_hint() itself: with a length of one byte, at
 * a page that is not the first of its chunk, it clears the chunk's log and no dirty
 * bit (npages is 0, the chunk loop runs once: migration/ram.c, the same in 7.2,
 * 10.0 and 11.1). It also clears the chunk's bit in QEMU's clear_bmap. Calling
 * memory_region_clear_dirty_bitmap() would not: the chunk would be cleared again
 * at the first send, and with it the record of the writes since.
 *
 * The trick needs a second page in the chunk. A block that ends one page into a
 * chunk keeps that page unarmed, and arm_part() tells it from the rest.
 *
 * Why blocks are referenced. The guest may eject a DIMM, and libvirt then deletes its
 * backend, at any moment at which nobody holds the BQL: while we arm, while ranges of it are
 * queued, while a thread makes them zero. QEMU frees a RAM block when the last reference to
 * the owner of its memory region goes, and its memory a grace period later
 * (qemu_ram_free, reclaim_ramblock); new memory may come to the same address. So
 * arm_hold() takes a reference, with the BQL held, before anything of the block is used,
 * and it is given back when the block is armed no more, with the BQL held: if it was the last,
 * QEMU frees the block there, changes its memory map for which it wants the BQL, and
 * takes the lock of its list of blocks. That is why it must not happen in the first AFTER_SYNC.
 * Until then an ejected DIMM keeps its memory, as one whose backend was not yet deleted.
 *
 * Only blocks of memory backends are armed: main memory, DIMMs, virtio-mem. Memory of devices
 * is never hinted.
 *
 * TCG has no deferred clear, but before QEMU 9.0 a sync does not reset the TLBs
 * either, and 10.0 gives tlb_reset_dirty_range_all() an offset in the block where it
 * takes a ram_addr_t (cpu_physical_memory_sync_dirty_bitmap()): it resets the entries of
 * the first block, once for every block. A vCPU with a hot, writable entry goes on
 * writing without a trace, in any migration, with or without hints; a guest with two
 * NUMA nodes arrives broken. arm_tlbs() does it after every sync, for all memory: every
 * TLB entry has to take the slow path, which records the write, and then every vCPU has
 * to leave the translation block it is in. The pages that were written in between were
 * written before, too, or their entries would not have been hot; so the sync has found
 * them dirty, and they are yet to be sent. After the first sync all pages are, so there it
 * is early enough when the setup is over.
 */
#include "../../../include/freehint/shm_layout.h"
#include "arm.h"
#include "bar.h"
#include "qemu_abi.h"

/* MigrationState's limits of x-clear-bitmap-shift, migration/migration.h */
#define CHUNK_SHIFT_MIN	6
#define CHUNK_SHIFT_MAX	31

static struct {
	struct armed_block block[ARM_MAX_BLOCKS];	/* referenced */
	unsigned int count;
	u64 chunk;
	u64 chunks;
	u64 bytes;
} armed;

static u64 chunk_bytes(void)
{
	Error *err = NULL;
	u64 shift;

	shift = qemu.object_property_get_uint(qemu.migrate_get_current(),
					      "x-clear-bitmap-shift", &err);
	if (err) {
		/* Too small only costs time, too large leaves chunks unarmed. */
		qemu.error_free(err);
		shift = CHUNK_SHIFT_MIN;
	}
	if (shift < CHUNK_SHIFT_MIN)
		shift = CHUNK_SHIFT_MIN;
	if (shift > CHUNK_SHIFT_MAX)
		shift = CHUNK_SHIFT_MAX;
	return FREEHINT_PAGE_SIZE << shift;
}

/* Returns the bytes from the start of the block that are armed now. */
static u64 arm_block(u8 *host, u64 len)
{
	u64 pos;

	for (pos = 0; pos < len; pos += armed.chunk) {
		if (pos + FREEHINT_PAGE_SIZE >= len)
			return pos;
		qemu.qemu_guest_free_page_hint(host + pos + FREEHINT_PAGE_SIZE, 1);
		armed.chunks++;
	}
	return len;
}

/* The region of a whole block, NULL if no memory backend owns it. */
static MemoryRegion *backend_region(u8 *host)
{
	MemoryRegion *region;
	Object *owner;
	u64 offset;

	region = qemu.memory_region_from_host(host, &offset);
	if (!region || offset)
		return NULL;
	owner = qemu.memory_region_owner(region);
	return owner && qemu.object_dynamic_cast(owner, "memory-backend") ? region : NULL;
}

static int hold_one(RAMBlock *block, void *opaque)
{
	u8 *host = qemu.qemu_ram_get_host_addr(block);
	u64 len = qemu.qemu_ram_get_used_length(block) & ~(FREEHINT_PAGE_SIZE - 1);
	MemoryRegion *region;

	(void)opaque;
	/* An ignored block has no dirty bitmap: QEMU would follow a NULL pointer. */
	if (!host || qemu.ram_is_ignored(block) || bar_contains(host, len))
		return 0;
	/* A block of one page cannot be armed. */
	if (len <= FREEHINT_PAGE_SIZE || armed.count == ARM_MAX_BLOCKS)
		return 0;
	region = backend_region(host);
	if (!region)
		return 0;
	qemu.memory_region_ref(region);
	armed.block[armed.count].start = host;
	armed.block[armed.count].end = host + len;
	armed.block[armed.count].ram = block;
	armed.block[armed.count].region = region;
	armed.count++;
	return 0;
}

void arm_tlbs(void)
{
	CPUState *cpu;
	int i;

	if (!qemu.tlb_reset_dirty)
		return;
	for (i = 0; (cpu = qemu.qemu_get_cpu(i)); i++)
		qemu.tlb_reset_dirty(cpu, 0, UINT64_MAX);
	/* A store that has passed its TLB check may still be on its way. */
	qemu.after_log_sync();
}

void arm_hold(void)
{
	arm_none();
	qemu.qemu_ram_foreach_block(hold_one, NULL);
}

u64 arm_all(void)
{
	struct armed_block *block = armed.block;
	u64 len;

	armed.chunks = 0;
	armed.bytes = 0;
	armed.chunk = chunk_bytes();
	for (; block < armed.block + armed.count; block++) {
		len = arm_block(block->start, (u64)(block->end - block->start));
		block->end = block->start + len;
		armed.bytes += len;
	}
	return armed.chunks;
}

u64 arm_bytes(void)
{
	return armed.bytes;
}

int arm_each(int (*fn)(const struct armed_block *block))
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < armed.count && !ret; i++)
		ret = fn(&armed.block[i]);
	return ret;
}

void arm_none(void)
{
	while (armed.count)
		qemu.memory_region_unref(armed.block[--armed.count].region);
	armed.bytes = 0;
}

u64 arm_part(const void *hva, u64 len, bool *is_armed)
{
	const struct armed_block *block;
	const u8 *start = hva;
	unsigned int i;

	*is_armed = false;
	for (i = 0; i < armed.count; i++) {
		block = &armed.block[i];
		if (start >= block->start && start < block->end) {
			*is_armed = true;
			return len < (u64)(block->end - start) ? len : (u64)(block->end - start);
		}
		/* What is not armed ends where the next block begins. */
		if (block->start > start && len > (u64)(block->start - start))
			len = (u64)(block->start - start);
	}
	return len;
}
