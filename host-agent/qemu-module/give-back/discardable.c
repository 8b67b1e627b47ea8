// SPDX-License-Identifier: GPL-2.0
/*
 * Which memory of the guest may be discarded, and why not. The administrator chose the memory,
 * and that choice is kept: memory that was preallocated or locked stays, and a file that is
 * mapped privately or read-only keeps its content.
 *
 * Pages of a hugetlb pool are reserved when QEMU starts, so that the guest always gets one. The
 * kernel drops the reservation of a page that is punched out of a file. If the pool is empty when
 * the guest uses that memory again, the kernel kills QEMU (SIGBUS). So only memory with reserve=off
 * may go: its administrator has chosen that the pool may run out.
 *
 * QEMU knows by itself that a device needs the memory where it is (VFIO, vDPA), and counts it:
 * ram_block_discard_is_disabled(). RDMA pins memory without that, but only in a migration, and
 * nothing is given back meanwhile (migration_check.c).
 */
#include <stdio.h>
#include <unistd.h>

#include "../../../include/freehint/shm_layout.h"
#include "../core/bar.h"
#include "../core/memory_backend.h"
#include "discardable.h"

/* The allocator's highest order on x86 and on arm64 with 4 KiB pages: 4 MiB. */
#define GUEST_MAX_ORDER	10

/* A machine has a handful of virtio-mem devices. */
#define MAX_DEVICES	64

/**
 * struct preallocating_device - one that has memory with a discard manager, as virtio-mem's has
 * @region:       its memory; not referenced: it is compared only
 * @manager:      the device, as its memory names it
 * @preallocates: it allocates what it plugs
 *
 * A virtio-mem device allocates itself what it plugs, and QEMU 10.0 and later refuse prealloc=on
 * of its backend. Only a walk over all of QEMU's objects finds the device that has a backend. This
 * takes a millisecond where there are many, so what was found is kept while the memory is in the
 * guest's memory map. The property cannot change meanwhile, and when the memory leaves the map
 * discardable_forget() is called. A device that has plugged nothing need not be in the map
 * (dynamic-memslots=on), and could go without a word.
 */
struct preallocating_device {
	const MemoryRegion *region;
	const void *manager;
	bool preallocates;
};

/* Guarded by the BQL. */
static struct {
	struct preallocating_device entry[MAX_DEVICES];
	u32 count;
} devices;

static bool is_locked(void)
{
	return (qemu.mlock_state && *qemu.mlock_state) ||
	       (qemu.enable_mlock && *qemu.enable_mlock);
}

/* Return: the memory backend that owns the block; NULL: a device does. */
static Object *backend_of(RAMBlock *ram)
{
	MemoryRegion *region;
	u64 offset;

	region = qemu.memory_region_from_host(qemu.qemu_ram_get_host_addr(ram), &offset);
	return region ? memory_backend_of(region) : NULL;
}

/* Return: @otherwise if this kind of object does not have the property. */
static bool property(Object *object, const char *name, bool otherwise)
{
	Error *err = NULL;
	bool value = qemu.object_property_get_bool(object, name, &err);

	if (!err)
		return value;
	qemu.error_free(err);
	return otherwise;
}

/* Stops at the virtio-mem device that preallocates the backend @opaque. */
static int preallocates(Object *object, void *opaque)
{
	const Object *backend = opaque;

	return qemu.object_dynamic_cast(object, "virtio-mem") &&
	       qemu.object_property_get_link(object, "memdev", NULL) == backend &&
	       property(object, "prealloc", false);
}

/* Return: the place of what is known of this memory, or @devices.count. */
static u32 find(const MemoryRegion *region)
{
	u32 i = 0;

	while (i < devices.count && devices.entry[i].region != region)
		i++;
	return i;
}

static bool find_preallocation(Object *backend)
{
	return qemu.object_child_foreach_recursive(qemu.object_get_root(), preallocates, backend);
}

static bool is_preallocated_by_device(MemoryRegion *region, Object *backend)
{
	const void *manager = qemu.memory_region_get_ram_discard_manager(region);
	u32 i = find(region);

	if (!manager)
		return false;
	if (!qemu.memory_region_is_mapped(region))
		return find_preallocation(backend);
	if (i < devices.count && devices.entry[i].manager == manager)
		return devices.entry[i].preallocates;
	/*
	 * The table is full: overwrite the last entry. Then a device is looked up more often, which
	 * only takes time.
	 */
	if (i == MAX_DEVICES)
		i--;
	else if (i == devices.count)
		devices.count++;
	devices.entry[i].region = region;
	devices.entry[i].manager = manager;
	devices.entry[i].preallocates = find_preallocation(backend);
	return devices.entry[i].preallocates;
}

static bool is_preallocated(RAMBlock *ram, Object *backend)
{
	MemoryRegion *region;
	u64 offset;

	if (property(backend, "prealloc", false))
		return true;
	region = qemu.memory_region_from_host(qemu.qemu_ram_get_host_addr(ram), &offset);
	return is_preallocated_by_device(region, backend);
}

void discardable_forget(const MemoryRegion *region)
{
	u32 i = find(region);

	if (i < devices.count)
		devices.entry[i] = devices.entry[--devices.count];
}

void discardable_forget_all(void)
{
	devices.count = 0;
}

static bool is_reserved(RAMBlock *ram, Object *backend)
{
	return qemu.qemu_ram_pagesize(ram) > (size_t)sysconf(_SC_PAGESIZE) &&
	       property(backend, "reserve", true);
}

static bool has_huge_pages(RAMBlock *ram)
{
	return qemu.qemu_ram_pagesize(ram) > FREEHINT_PAGE_SIZE << GUEST_MAX_ORDER;
}

/* Return: what follows the memory's name. */
static const char *reason(RAMBlock *ram)
{
	Object *backend = backend_of(ram);

	if (!backend)
		return "belongs to a device; the guest keeps it";
	if (is_preallocated(ram, backend))
		return "is preallocated (prealloc=on); start QEMU with prealloc=off";
	if (property(backend, "readonly", false))
		return "is a read-only file; start QEMU with one that it may write";
	if (qemu.qemu_ram_get_fd(ram) >= 0 && !qemu.qemu_ram_is_shared(ram))
		return "is a private mapping of a file (share=off); start QEMU with share=on";
	if (has_huge_pages(ram))
		return "has huge pages larger than the guest's largest block, 4 MiB; use smaller ones";
	if (is_reserved(ram, backend))
		return "has reserved huge pages (reserve=on); start QEMU with reserve=off";
	return NULL;
}

/* Static, because reasons are kept; all of them are read under the BQL. */
static const char *with_name(RAMBlock *ram, const char *why)
{
	static char text[160];

	if (!why)
		return NULL;
	snprintf(text, sizeof(text), "memory '%.40s' %s", qemu.qemu_ram_get_idstr(ram), why);
	return text;
}

const char *discardable_refusal(RAMBlock *ram)
{
	return with_name(ram, reason(ram));
}

/**
 * struct search - over all blocks
 * @ram:   the first block that may not be discarded, @why: the reason without its name
 * @any:   a block may be discarded
 * @page:  smallest page of such a block, bytes
 */
struct search {
	RAMBlock *ram;
	const char *why;
	bool any;
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
	why = reason(ram);
	if (why && !search->why) {
		search->ram = ram;
		search->why = why;
	}
	if (why)
		return 0;
	if (!search->any || page < search->page)
		search->page = page;
	search->any = true;
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
		return "a device forbids QEMU to discard memory (VFIO, vDPA); unplug it";
	if (is_locked())
		return "QEMU's memory is locked (-overcommit mem-lock); start it with mem-lock=off";
	search = look_at_all();
	if (search.any)
		return NULL;
	return search.why ? with_name(search.ram, search.why) :
			    "no memory backend has memory of the guest; give one with -machine";
}

u32 discardable_order(void)
{
	struct search search = look_at_all();
	u32 order = 0;

	while (search.any && FREEHINT_PAGE_SIZE << order < search.page)
		order++;
	return order;
}
