// SPDX-License-Identifier: GPL-2.0
/*
 * Which memory of the guest may be discarded, and why not. The administrator chose the memory,
 * so what he asked for wins: memory that was preallocated or locked stays, and a file that is
 * mapped privately or read-only keeps its content.
 *
 * QEMU knows by itself that a device needs the memory where it is (VFIO, vDPA, RDMA), and
 * counts it: ram_block_discard_is_disabled().
 */
#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "discardable.h"

/* The allocator's highest order on x86 and on arm64 with 4 KiB pages: 4 MiB. */
#define GUEST_MAX_ORDER	10

static bool is_locked(void)
{
	return (qemu.mlock_state && *qemu.mlock_state) ||
	       (qemu.enable_mlock && *qemu.enable_mlock);
}

/* Returns the memory backend that owns the block; NULL: a device does. */
static Object *backend_of(RAMBlock *ram)
{
	MemoryRegion *region;
	Object *owner;
	u64 offset;

	region = qemu.memory_region_from_host(qemu.qemu_ram_get_host_addr(ram), &offset);
	owner = region ? qemu.memory_region_owner(region) : NULL;
	return owner ? qemu.object_dynamic_cast(owner, "memory-backend") : NULL;
}

/* A property that this kind of backend does not have is false. */
static bool property(Object *backend, const char *name)
{
	Error *err = NULL;
	bool value = qemu.object_property_get_bool(backend, name, &err);

	if (!err)
		return value;
	qemu.error_free(err);
	return false;
}

static bool has_huge_pages(RAMBlock *ram)
{
	return qemu.qemu_ram_pagesize(ram) > FREEHINT_PAGE_SIZE << GUEST_MAX_ORDER;
}

const char *discardable_refusal(RAMBlock *ram)
{
	Object *backend = backend_of(ram);

	if (!backend)
		return "the memory belongs to a device";
	if (property(backend, "prealloc"))
		return "the memory is preallocated (prealloc=on)";
	if (property(backend, "readonly"))
		return "the memory is a read-only file";
	if (qemu.qemu_ram_get_fd(ram) >= 0 && !qemu.qemu_ram_is_shared(ram))
		return "the memory is a private mapping of a file (share=off)";
	if (has_huge_pages(ram))
		return "the memory's huge pages are larger than the guest's largest block";
	return NULL;
}

/**
 * struct search - over all blocks
 * @why:   refusal of the first block that has one
 * @found: a block may be discarded
 * @page:  smallest page of such a block, bytes
 */
struct search {
	const char *why;
	bool found;
	u64 page;
};

static int look_at(RAMBlock *ram, void *opaque)
{
	u64 len = qemu.qemu_ram_get_used_length(ram), page = qemu.qemu_ram_pagesize(ram);
	const u8 *host = qemu.qemu_ram_get_host_addr(ram);
	struct search *search = opaque;
	const char *why;

	if (!host || bar_contains(host, len) || !backend_of(ram))
		return 0;
	why = discardable_refusal(ram);
	if (why) {
		search->why = search->why ? search->why : why;
		return 0;
	}
	if (!search->found || page < search->page)
		search->page = page;
	search->found = true;
	return 0;
}

static struct search look_at_all(void)
{
	struct search search = { .why = NULL };

	qemu.qemu_ram_foreach_block(look_at, &search);
	return search;
}

const char *discardable_guest_refusal(void)
{
	struct search search;

	if (qemu.ram_block_discard_is_disabled())
		return "a device forbids QEMU to discard memory (VFIO, vDPA)";
	if (is_locked())
		return "QEMU's memory is locked (-overcommit mem-lock)";
	search = look_at_all();
	if (search.found)
		return NULL;
	return search.why ? search.why : "no memory backend has memory of the guest";
}

u32 discardable_order(void)
{
	struct search search = look_at_all();
	u32 order = 0;

	while (search.found && FREEHINT_PAGE_SIZE << order < search.page)
		order++;
	return order;
}
