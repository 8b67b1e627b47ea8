// SPDX-License-Identifier: GPL-2.0
/*
 * This machine's kernel says which pages were written: each once, by whoever, in private and
 * shared memory, populated or not; and of which memory it says so wrongly, because KSM may
 * merge it. Skipped where the kernel is too old.
 */
/* links: host-agent/qemu-module/audit/write_watch.c */
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/qemu-module/audit/write_watch.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

#define PAGE	FREEHINT_PAGE_SIZE
#define PAGES	4096

static u8 *memory;
static bool shared, seen[PAGES];

static void remember(void *opaque, const u8 *start, const u8 *end)
{
	assert_ptr_equal(opaque, seen);
	memset(seen + (start - memory) / PAGE, true, (end - start) / PAGE);
}

static unsigned int take(void)
{
	unsigned int i, count = 0;

	memset(seen, 0, sizeof(seen));
	assert_int_equal(write_watch_collect(memory, PAGES * PAGE, shared, remember, seen), 0);
	for (i = 0; i < PAGES; i++)
		count += seen[i];
	return count;
}

static void watch(int kind)
{
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	memset(memory, 1, PAGES / 2 * PAGE);
	shared = kind == MAP_SHARED;
	if (write_watch_open())
		skip();
	assert_int_equal(write_watch_add(memory, PAGES * PAGE), 0);
	take();
	assert_int_equal(take(), 0);
}

static int teardown(void **state)
{
	write_watch_close();
	munmap(memory, PAGES * PAGE);
	return 0;
}

static void check_writes(int kind)
{
	int pipes[2];

	watch(kind);
	memory[3 * PAGE + 7] = 2;
	memory[(PAGES - 1) * PAGE] = 2;	/* was never there */
	assert_int_equal(memory[(PAGES - 2) * PAGE], 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "abc", 3), 3);
	assert_int_equal(read(pipes[0], memory + 100 * PAGE, 3), 3);
	assert_int_equal(take(), 3);
	assert_true(seen[3] && seen[PAGES - 1] && seen[100]);
	assert_int_equal(take(), 0);
	memory[3 * PAGE] = 3;
	assert_int_equal(take(), 1);
}

static void writes_to_private_memory_are_known(void **state)
{
	check_writes(MAP_PRIVATE);
}

static void writes_to_shared_memory_are_known(void **state)
{
	check_writes(MAP_SHARED);
}

/* A kernel that likes huge pages puts one into the hole: one page of it was written. */
static void a_huge_page_counts_as_one(void **state)
{
	watch(MAP_PRIVATE);
	madvise(memory, PAGES * PAGE, MADV_HUGEPAGE);
	memory[(PAGES - 700) * PAGE] = 2;
	assert_int_equal(take(), 1);
}

/* More runs than one call of the kernel's has room for. */
static void a_thousand_runs_are_known(void **state)
{
	unsigned int page;

	watch(MAP_PRIVATE);
	for (page = 0; page < PAGES; page += 3)
		memory[page * PAGE] = 4;
	assert_int_equal(take(), (PAGES + 2) / 3);
	assert_true(seen[0] && seen[3] && !seen[1]);
}

/* As virtio-balloon does. */
static void what_is_given_back_to_the_kernel_was_not_written(void **state)
{
	watch(MAP_PRIVATE);
	assert_int_equal(madvise(memory + 10 * PAGE, 20 * PAGE, MADV_DONTNEED), 0);
	memory[50 * PAGE] = 2;
	assert_int_equal(take(), 1);
	assert_true(seen[50]);
	/* and it is watched as before */
	memory[11 * PAGE] = 3;
	assert_int_equal(take(), 1);
	assert_true(seen[11]);
}

static void nothing_is_watched_after_the_end(void **state)
{
	watch(MAP_PRIVATE);
	write_watch_close();
	memory[0] = 5;
	assert_true(write_watch_collect(memory, PAGES * PAGE, shared, remember, seen) < 0);
}

#define WATCH_TEST(name) cmocka_unit_test_teardown(name, teardown)

static void memory_that_ksm_may_merge_is_known(void **state)
{
	watch(MAP_PRIVATE);
	assert_false(write_watch_mergeable(memory, PAGES * PAGE));
	if (madvise(memory + PAGES / 2 * PAGE, PAGE, MADV_MERGEABLE))
		skip();
	assert_true(write_watch_mergeable(memory, PAGES * PAGE));
	assert_true(write_watch_mergeable(memory + PAGES / 2 * PAGE, PAGE));
	assert_false(write_watch_mergeable(memory, PAGES / 2 * PAGE));
	assert_false(write_watch_mergeable(memory + (PAGES / 2 + 1) * PAGE, PAGE));
	assert_int_equal(madvise(memory, PAGES * PAGE, MADV_UNMERGEABLE), 0);
	assert_false(write_watch_mergeable(memory, PAGES * PAGE));
}

static void shared_memory_is_never_merged(void **state)
{
	watch(MAP_SHARED);
	madvise(memory, PAGES * PAGE, MADV_MERGEABLE);
	assert_false(write_watch_mergeable(memory, PAGES * PAGE));
}

RUN_TESTS(NULL, NULL,
		WATCH_TEST(writes_to_private_memory_are_known),
		WATCH_TEST(writes_to_shared_memory_are_known),
		WATCH_TEST(a_huge_page_counts_as_one),
		WATCH_TEST(a_thousand_runs_are_known),
		WATCH_TEST(what_is_given_back_to_the_kernel_was_not_written),
		WATCH_TEST(nothing_is_watched_after_the_end),
		WATCH_TEST(memory_that_ksm_may_merge_is_known),
		WATCH_TEST(shared_memory_is_never_merged),
)
