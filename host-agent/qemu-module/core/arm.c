// SPDX-License-Identifier: GPL-2.0
/*
 * Arming: clears the dirty log of all guest memory before the guest is asked which pages are
 * free, so that every later write is recorded (safety rule 1).
 *
 * With KVM_DIRTY_LOG_MANUAL_PROTECT a sync only reads KVM's log. A page stays writable and
 * its bit stays set until QEMU clears its chunk. A write before that leaves no trace, and a
 * hint that arrives after the write would wipe the only bit. So every chunk is cleared first.
 *
 * How: qemu_guest_free_page_hint() with one byte, at a page that is not the first of its chunk,
 * clears the chunk's log and no dirty bit. npages is 0. The chunk loop runs to ROUND_UP(start,
 * chunk), so at a chunk's first page it is empty. Why not memory_region_clear_dirty_bitmap(): it
 * leaves QEMU's clear_bmap alone, so QEMU would clear the chunk again at the first send and
 * lose the writes since.
 *
 * Invariant: a reference to the memory region is held for every block in @armed. A block can
 * be unplugged whenever the BQL is not held, and its address can be reused.
 *
 * Dropping the last reference frees the block: this needs the BQL and takes the lock of QEMU's
 * list of blocks. It must not happen in the first AFTER_SYNC.
 *
 * TCG has no deferred clear, but its syncs do not reset all TLBs, so vCPUs write without a
 * trace; arm_tlbs() resets them. docs/extension.md, section arm.c, has the details and sources.
 */
#include "../../../include/freehint/shm_layout.h"
#include "../../common/cancel_poll.h"
#include "arm.h"
#include "bar.h"
#include "memory_backend.h"
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
	/* Too small only costs time; too large would leave chunks unarmed. */
	u64 shift = qemu_migrate_parameter("x-clear-bitmap-shift", CHUNK_SHIFT_MIN);

	if (shift < CHUNK_SHIFT_MIN)
		shift = CHUNK_SHIFT_MIN;
	if (shift > CHUNK_SHIFT_MAX)
		shift = CHUNK_SHIFT_MAX;
	return FREEHINT_PAGE_SIZE << shift;
}

static bool is_cancelled(struct cancel_poll *poll)
{
	return cancel_poll_is_due(poll) && cancel_poll_ask(poll);
}

/* Return: the number of bytes from the start of the block that are now armed. */
static u64 arm_block(u8 *host, u64 len, struct cancel_poll *poll, bool *stopped)
{
	u64 pos;

	for (pos = 0; pos < len; pos += armed.chunk) {
		*stopped = is_cancelled(poll);
		if (*stopped || pos + FREEHINT_PAGE_SIZE >= len)
			return pos;
		qemu.qemu_guest_free_page_hint(host + pos + FREEHINT_PAGE_SIZE, 1);
		armed.chunks++;
	}
	return len;
}

/* Return: the region of a whole block, NULL if no memory backend owns it. */
static MemoryRegion *backend_region(u8 *host)
{
	MemoryRegion *region;
	u64 offset;

	region = qemu.memory_region_from_host(host, &offset);
	return region && !offset && memory_backend_of(region) ? region : NULL;
}

static int acquire_block(RAMBlock *block, void *opaque)
{
	u8 *host = qemu.qemu_ram_get_host_addr(block);
	u64 len = qemu.qemu_ram_get_used_length(block) & ~(FREEHINT_PAGE_SIZE - 1);
	MemoryRegion *region;

	(void)opaque;
	/* An ignored block has no dirty bitmap: QEMU would dereference a NULL pointer. */
	if (!host || qemu.ram_is_ignored(block) || bar_contains(host, len))
		return 0;
	/* A block of one page has no second page, which arming needs. */
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

/*
 * Return: the answer to query-cpus-fast, NULL if there is none. Every vCPU is in it, and an index
 * may be missing before another: qemu_get_cpu() alone does not tell a gap from the end.
 */
static QList *query_cpus(QDict *no_arguments)
{
	QObject *answer = NULL;
	Error *err = NULL;

	qemu.qmp_marshal_query_cpus_fast(no_arguments, &answer, &err);
	if (err)
		qemu.error_free(err);
	return (QList *)answer;
}

/* Puts what QEMU has answered into a dictionary, which frees what was there before. */
static void reset_tlbs(QList *cpus, QDict *kept)
{
	QObject *entry;
	CPUState *cpu;

	while ((entry = qemu.qlist_pop(cpus))) {
		cpu = qemu.qemu_get_cpu((int)qemu.qdict_get_try_int((QDict *)entry, "cpu-index",
								    -1));
		if (cpu)
			qemu.tlb_reset_dirty(cpu, 0, UINT64_MAX);
		qemu.qdict_put_obj(kept, "cpu", entry);
	}
	qemu.qdict_put_obj(kept, "cpus", (QObject *)cpus);
}

void arm_tlbs(void)
{
	static QDict *kept, *no_arguments;
	QList *cpus;

	if (!qemu.tlb_reset_dirty)
		return;
	if (!kept) {
		kept = qemu.qdict_new();
		no_arguments = qemu.qdict_new();
	}
	cpus = query_cpus(no_arguments);
	if (cpus)
		reset_tlbs(cpus, kept);
	/* Wait for stores that passed their TLB check before the reset. */
	qemu.after_log_sync();
}

void arm_acquire(void)
{
	arm_release();
	qemu.qemu_ram_foreach_block(acquire_block, NULL);
}

u64 arm_all(bool (*cancelled)(void))
{
	struct cancel_poll poll = cancel_poll_begin(cancelled);
	struct armed_block *block = armed.block;
	bool stopped = false;
	u64 len;

	armed.chunks = 0;
	armed.bytes = 0;
	armed.chunk = chunk_bytes();
	for (; block < armed.block + armed.count; block++) {
		len = stopped ? 0 : arm_block(block->start, (u64)(block->end - block->start), &poll,
					      &stopped);
		block->end = block->start + len;
		armed.bytes += len;
	}
	return armed.chunks;
}

u64 arm_bytes(void)
{
	return armed.bytes;
}

int arm_for_each(int (*fn)(const struct armed_block *block))
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < armed.count && !ret; i++)
		ret = fn(&armed.block[i]);
	return ret;
}

void arm_release(void)
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
		/* An unarmed part ends where the next block starts. */
		if (block->start > start && len > (u64)(block->start - start))
			len = (u64)(block->start - start);
	}
	return len;
}
