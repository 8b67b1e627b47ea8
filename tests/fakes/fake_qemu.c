// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU for unit tests of the extension: RAM blocks with a deferred dirty log,
 * a memory map, capabilities, and the notifiers as a migration calls them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake_qemu.h"
#include "include/freehint/shm_layout.h"

struct fake_qemu fake;
struct qemu_abi qemu;

/* An error is a flag here; its text is in fake.error. */
static char an_error, a_backend[2], a_root;

static void set_error(Error **errp)
{
	if (errp)
		*errp = (Error *)&an_error;
}

#include "fake_main_loop.h"
#include "fake_region.h"
#include "fake_speed.h"

static u64 chunk_of(const struct RAMBlock *block, const u8 *hva)
{
	int shift = fake.chunk_shift < 0 ? 6 : fake.chunk_shift;

	return (u64)(hva - block->host) >> (FREEHINT_PAGE_SHIFT + shift);
}

/* The chunk loop of migration_clear_memory_region_dirty_bitmap_range(). */
static void hint(void *hva, size_t len)
{
	const struct freehint_shm *shm = fake.shm;
	u8 *at = hva;
	unsigned int i;
	u64 chunk, page;

	if (hint_region(at, len))
		return;
	*(len < FREEHINT_PAGE_SIZE ? &fake.arms : &fake.hints) += 1;
	if (len < FREEHINT_PAGE_SIZE && shm && shm->host_request.round)
		fake.armed_late++;
	if (len < FREEHINT_PAGE_SIZE && fake.bql)
		fake.armed_with_bql++;
	for (i = 0; i < fake.blocks; i++) {
		struct RAMBlock *b = &fake.block[i];

		if (at < b->host || at >= b->host + b->len)
			continue;
		if (len < FREEHINT_PAGE_SIZE && !b->refs)
			fake.armed_unheld++;
		page = (u64)(at - b->host) >> FREEHINT_PAGE_SHIFT;
		chunk = chunk_of(b, at);
		/* Less than a page at the first page of a chunk clears nothing. */
		if (len >= FREEHINT_PAGE_SIZE ||
		    page % (1ULL << (fake.chunk_shift < 0 ? 6 : fake.chunk_shift)))
			b->cleared[chunk] = true;
	}
}

static struct RAMBlock *block_of(void *region)
{
	struct RAMBlock *b = region;

	return b >= fake.block && b < fake.block + FAKE_MAX_BLOCKS ? b : NULL;
}

/* The last reference changes the memory map, which wants the big lock. */
static void ref(MemoryRegion *mr)
{
	struct RAMBlock *b = block_of(mr);

	if (!fake.bql)
		abort();
	if (b)
		b->refs++;
	pin(mr, 1);
}

static void unref(MemoryRegion *mr)
{
	struct RAMBlock *b = block_of(mr);

	if (!fake.bql || (b && !b->refs))
		abort();
	if (b)
		b->refs--;
	pin(mr, -1);
}

static MemoryRegion *from_host(void *hva, u64 *offset)
{
	unsigned int i;

	for (i = 0; i < fake.blocks; i++)
		if ((u8 *)hva >= fake.block[i].host &&
		    (u8 *)hva < fake.block[i].host + fake.block[i].len) {
			*offset = (u64)((u8 *)hva - fake.block[i].host);
			return (MemoryRegion *)&fake.block[i];
		}
	return NULL;
}

struct RAMBlock *fake_block_at(u64 gpa)
{
	struct RAMBlock *b;

	for (b = fake.block; b < fake.block + fake.blocks; b++)
		if (!b->gone && gpa >= b->gpa && gpa - b->gpa < b->len)
			return b;
	return NULL;
}

static void *find_gpa(MemoryRegion **mr, u64 gpa, u64 len, Error **errp)
{
	struct RAMBlock *b = fake_block_at(gpa);

	fake.probes++;
	if (b && len <= b->gpa + b->len - gpa) {
		b->refs++;
		*mr = (MemoryRegion *)b;
		return b->host + (gpa - b->gpa);
	}
	snprintf(fake.error, sizeof(fake.error), "no memory there");
	set_error(errp);
	return NULL;
}

static int foreach_block(qemu_block_fn *fn, void *opaque)
{
	unsigned int i;

	for (i = 0; i < fake.blocks; i++)
		fn(&fake.block[i], opaque);
	return 0;
}

static void *block_host(RAMBlock *block) { return block->host; }
static size_t block_len(RAMBlock *block) { return block->len; }
static u64 bytes_remaining(void) { return fake.remaining; }
static u64 pages_sent(void) { return fake.sent; }
static Object *current_migration(void) { return (Object *)&a_root; }
static bool cap_postcopy(void) { return fake.postcopy; }
static bool cap_snapshot(void) { return fake.snapshot; }
static bool cap_colo(void) { return fake.colo; }
static bool in_incoming(void) { return fake.incoming; }
static bool is_running(void) { return fake.running; }
static bool bql(void) { return fake.bql; }

static void bql_lock(const char *file, int line)
{
	if (fake.bql)
		abort();
	fake.bql = true;
}

static void bql_unlock(void)
{
	void (*meanwhile)(void) = fake.meanwhile;

	if (!fake.bql)
		abort();
	fake.bql = false;
	fake.bql_drops++;
	fake.meanwhile = NULL;
	if (!meanwhile)
		return;
	fake.bql = true;
	meanwhile();
	fake.bql = false;
}

#include "fake_cpus.h"

static void ignore_error(Error *err) {}
static void count_warning(const char *fmt, ...) { fake.warnings++; }
static MemoryRegion *backend_mr(Object *obj) { return (MemoryRegion *)obj; }
static Object *objects_root(void) { return (Object *)&a_root; }

/* A copy: the text is often made part of the next error. */
static const char *error_text(const Error *err)
{
	static char copy[sizeof(fake.error)];

	memcpy(copy, fake.error, sizeof(copy));
	return copy;
}

static Object *owner(MemoryRegion *mr)
{
	return (Object *)mr;
}

/* A fake block is its memory region and the region's owner as well. */
static Object *dynamic_cast(Object *obj, const char *type)
{
	const struct RAMBlock *block = (const struct RAMBlock *)obj;
	bool is_block = block >= fake.block && block < fake.block + fake.blocks;

	return is_block && block->device ? NULL : obj;
}

static Object *component(Object *parent, const char *part)
{
	return fake.backend && !strcmp(part, "freehint") ?
	       (Object *)&a_backend[fake.generation] : NULL;
}

static u64 property(Object *obj, const char *name, Error **errp)
{
	if (fake.chunk_shift >= 0 && !strcmp(name, "x-clear-bitmap-shift"))
		return fake.chunk_shift;
	if (!fake.hides_downtime && !strcmp(name, "x-downtime-limit"))
		return fake.downtime_ms;
	if (fake.switchover_bandwidth && !strcmp(name, "avail-switchover-bandwidth"))
		return fake.switchover_bandwidth;
	set_error(errp);
	return 0;
}

static void add_notifier(struct qemu_notifier *n)
{
	fake.notifier = n;
}

static void *add_state_handler(qemu_state_fn *fn, void *opaque)
{
	fake.state = fn;
	return NULL;
}

static void *add_early_handler(qemu_state_fn *fn, void *opaque, int priority)
{
	if (priority < 0)
		fake.early = fn;
	return NULL;
}

static void register_reset(qemu_reset_fn *fn, void *opaque)
{
	fake.reset = fn;
}

__attribute__((format(printf, 5, 6)))
static void set_error_text(Error **errp, const char *src, int line, const char *func,
			   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake.error, sizeof(fake.error), fmt, ap);
	va_end(ap);
	set_error(errp);
}

static void init_memory(void)
{
	qemu.qemu_guest_free_page_hint = hint;
	qemu.gpa2hva = find_gpa;
	qemu.object_dynamic_cast = dynamic_cast;
	qemu.memory_region_ref = ref;
	qemu.memory_region_from_host = from_host;
	qemu.memory_region_owner = owner;
	qemu.warn_report = count_warning;
	qemu.memory_region_unref = unref;
	qemu.host_memory_backend_get_memory = backend_mr;
	qemu.qemu_ram_foreach_block = foreach_block;
	qemu.qemu_ram_get_host_addr = block_host;
	qemu.qemu_ram_get_used_length = block_len;
	qemu.ram_bytes_remaining = bytes_remaining;
	qemu.ram_get_total_transferred_pages = pages_sent;
}

static void init_machine(void)
{
	qemu.precopy_add_notifier = add_notifier;
	qemu.qemu_add_vm_change_state_handler = add_state_handler;
	qemu.qemu_add_vm_change_state_handler_prio = add_early_handler;
	qemu.qemu_register_reset = register_reset;
	qemu.migrate_get_current = current_migration;
	qemu.migrate_postcopy_ram = cap_postcopy;
	qemu.migrate_background_snapshot = cap_snapshot;
	qemu.colo = cap_colo;
	qemu.migration_in_incoming_postcopy = in_incoming;
	qemu.runstate_is_running = is_running;
	qemu.bql_is_locked = bql;
	qemu.bql_lock = bql_lock;
	qemu.bql_unlock = bql_unlock;
	qemu.object_get_objects_root = objects_root;
	qemu.object_resolve_path_component = component;
	qemu.object_property_get_uint = property;
	qemu.error_free = ignore_error;
	qemu.error_get_pretty = error_text;
	qemu.error_setg_internal = set_error_text;
}

static void drop_blocks(void)
{
	unsigned int i;

	for (i = 0; i < fake.blocks; i++) {
		munmap(fake.block[i].host, fake.block[i].len);
		free(fake.block[i].cleared);
	}
}

void fake_qemu_init(void)
{
	int pins = fake.pins;

	drop_blocks();
	memset(&fake, 0, sizeof(fake));
	fake.shm_fd = -1;
	/* The extension under test is one for all tests of a program. */
	fake.pins = pins;
	memset(&qemu, 0, sizeof(qemu));
	fake.chunk_shift = 6;
	fake.bql = true;
	fake.running = true;
	fake.backend = true;
	fake.remaining = 1ULL << 30;
	fake.downtime_ms = 300;
	init_memory();
	init_region();
	init_machine();
	init_speed();
	init_main_loop();
}

struct RAMBlock *fake_add_block(u64 gpa, u64 len)
{
	struct RAMBlock *b = &fake.block[fake.blocks++];

	/* Addresses only: nothing may touch guest memory. */
	b->host = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->host == MAP_FAILED)
		abort();
	b->gpa = gpa;
	b->len = len;
	b->fd = -1;
	b->page = FREEHINT_PAGE_SIZE;
	b->cleared = calloc((len >> (FREEHINT_PAGE_SHIFT + 6)) + 1, sizeof(bool));
	if (!b->cleared)
		abort();
	return b;
}

void fake_notify(enum qemu_precopy_reason reason)
{
	struct {
		enum qemu_precopy_reason reason;
		Error **errp;
	} data = { .reason = reason };

	fake.notifier->notify(fake.notifier, &data);
}
