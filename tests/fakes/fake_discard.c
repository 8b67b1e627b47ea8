// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU has to do with discarded memory, for unit tests: the discard itself, what stands
 * against it, and the state of migrations.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_discard.h"
#include "include/freehint/shm_layout.h"

struct fake_discard fake_discard;

static bool is_disabled(void) { return fake_discard.disabled; }
static size_t page_size(RAMBlock *block) { return block->page; }
static bool is_shared(RAMBlock *block) { return block->shared; }
static int file_of(RAMBlock *block) { return block->fd; }
static const char *idstr(RAMBlock *block) { return block == fake.block ? "ram0" : "ram1"; }

static RAMBlock *block_from_host(void *hva, bool round, u64 *offset)
{
	return (RAMBlock *)qemu.memory_region_from_host(hva, offset);
}

static Object *(*cast_of_blocks)(Object *obj, const char *type);

static bool is_vmem(const Object *obj)
{
	const struct fake_vmem *vmem = (const struct fake_vmem *)obj;

	return vmem >= fake_discard.vmem && vmem < fake_discard.vmem + FAKE_VMEMS;
}

static bool bool_property(Object *obj, const char *name, Error **errp)
{
	const struct RAMBlock *block = (const struct RAMBlock *)obj;

	if (is_vmem(obj) && !strcmp(name, "prealloc"))
		return ((const struct fake_vmem *)obj)->prealloc;
	if (is_vmem(obj))
		abort();
	if (!strcmp(name, "prealloc"))
		return block->prealloc;
	if (!strcmp(name, "reserve"))
		return !block->unreserved;
	if (!strcmp(name, "readonly") && block->fd >= 0)
		return block->readonly;
	qemu_error(errp, "Property '%s' not found", name);
	return false;
}

static Object *cast(Object *obj, const char *type)
{
	if (strcmp(type, "virtio-mem"))
		return cast_of_blocks(obj, type);
	return is_vmem(obj) ? obj : NULL;
}

static Object *link_of(Object *obj, const char *name, Error **errp)
{
	const struct fake_vmem *vmem = (const struct fake_vmem *)obj;

	return is_vmem(obj) && !strcmp(name, "memdev") ? (Object *)vmem->memdev : NULL;
}

static Object *root(void) { return (Object *)&fake; }

/* The blocks' backends and the devices; @fn ends it as in QEMU. */
static int foreach_child(Object *parent, qemu_child_fn *fn, void *opaque)
{
	unsigned int i;
	int ret = 0;

	fake_discard.walks++;
	for (i = 0; i < fake.blocks && !ret; i++)
		ret = fn((Object *)&fake.block[i], opaque);
	for (i = 0; i < FAKE_VMEMS && !ret; i++)
		if (fake_discard.vmem[i].memdev)
			ret = fn((Object *)&fake_discard.vmem[i], opaque);
	return ret;
}

static void *manager_of(MemoryRegion *mr)
{
	unsigned int i;

	for (i = 0; i < FAKE_VMEMS; i++)
		if (mr && mr == (MemoryRegion *)fake_discard.vmem[i].memdev)
			return &fake_discard.vmem[i];
	return NULL;
}

static int discard(RAMBlock *block, u64 start, size_t len)
{
	if (fake_discard.before)
		fake_discard.before();
	if (fake_discard.fails)
		return -1;
	fake_discard.calls++;
	fake_discard.bytes += len;
	fake_discard.unheld += !block->refs || !fake.bql;
	fake_discard.unaligned += start % block->page || len % block->page;
	return 0;
}

static void query_migrate(QDict *args, QObject **ret, Error **errp)
{
	QDict *info = qemu.qdict_new();

	usleep(fake_discard.takes_us);
	if (fake_discard.status)
		qemu.qdict_put_str(info, "status", fake_discard.status);
	*ret = (QObject *)info;
}

void fake_discard_install(void)
{
	memset(&fake_discard, 0, sizeof(fake_discard));
	qemu.ram_block_discard_is_disabled = is_disabled;
	qemu.ram_block_discard_range = discard;
	qemu.qemu_ram_pagesize = page_size;
	qemu.qemu_ram_is_shared = is_shared;
	qemu.qemu_ram_get_fd = file_of;
	qemu.qemu_ram_get_idstr = idstr;
	qemu.qemu_ram_block_from_host = block_from_host;
	qemu.object_property_get_bool = bool_property;
	qemu.object_property_get_link = link_of;
	qemu.object_child_foreach_recursive = foreach_child;
	qemu.object_get_root = root;
	qemu.memory_region_get_ram_discard_manager = manager_of;
	cast_of_blocks = qemu.object_dynamic_cast;
	qemu.object_dynamic_cast = cast;
	qemu.qmp_marshal_query_migrate = query_migrate;
}
