// SPDX-License-Identifier: GPL-2.0
/*
 * Pages are set dirty as the accelerator needs it: under TCG as a device's write, so that
 * translated code in them is dropped, elsewhere in the log alone.
 */
/* links: host-agent/qemu-module/core/dirty_log.c tests/fakes/fake_qemu.c */
#include "host-agent/qemu-module/core/dirty_log.h"
#include "tests/unit/unit.h"

#define PAGES	256

/* Of the memory region: references that are held, and what was called last. */
static struct {
	char ram[PAGES << FREEHINT_PAGE_SHIFT];
	int refs;
	u64 dirty_at, dirty_len;
	u64 written_at, written_len;
} region;

static MemoryRegion *const mr = (void *)&region;

static void *ram_ptr(MemoryRegion *of)
{
	return of == mr ? region.ram : NULL;
}

static void ref(MemoryRegion *of)
{
	region.refs += of == mr;
}

static void set_dirty(MemoryRegion *of, u64 offset, u64 len)
{
	assert_ptr_equal(of, mr);
	region.dirty_at = offset;
	region.dirty_len = len;
}

/* As in QEMU, it drops the mapping's reference. */
static void unmap(void *address_space, void *hva, u64 len, bool is_write, u64 access_len)
{
	assert_ptr_equal(address_space, qemu.address_space_memory);
	assert_true(is_write && len == access_len);
	region.refs--;
	region.written_at = (u64)((char *)hva - region.ram);
	region.written_len = len;
}

static void reset_tlb(CPUState *cpu, u64 start, u64 len)
{
}

static int setup(void **state)
{
	memset(&region, 0, sizeof(region));
	memset(&qemu, 0, sizeof(qemu));
	qemu.address_space_memory = &region.refs;
	qemu.memory_region_get_ram_ptr = ram_ptr;
	qemu.memory_region_ref = ref;
	qemu.memory_region_set_dirty = set_dirty;
	qemu.address_space_unmap = unmap;
	return 0;
}

static int teardown(void **state)
{
	return 0;
}

static void without_tcg_only_the_log_changes(void **state)
{
	dirty_log_set(mr, 3, 2);
	assert_int_equal(region.dirty_at, 3 * FREEHINT_PAGE_SIZE);
	assert_int_equal(region.dirty_len, 2 * FREEHINT_PAGE_SIZE);
	assert_int_equal(region.written_len, 0);
}

static void under_tcg_translated_code_is_dropped(void **state)
{
	qemu.tlb_reset_dirty = reset_tlb;
	dirty_log_set(mr, 200, 56);
	assert_int_equal(region.written_at, 200 * FREEHINT_PAGE_SIZE);
	assert_int_equal(region.written_len, 56 * FREEHINT_PAGE_SIZE);
	assert_int_equal(region.dirty_len, 0);
	assert_int_equal(region.refs, 0);
}

RUN_TESTS(NULL, NULL,
		TEST(without_tcg_only_the_log_changes),
		TEST(under_tcg_translated_code_is_dropped),
)
