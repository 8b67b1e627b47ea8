// SPDX-License-Identifier: GPL-2.0
/*
 * How skipped pages are made zero: given to the kernel where that is safe, written where a
 * file is private, pages are huge or pinned, or the kernel refuses; read-only memory is left.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/postcopy/zero_thread.c */
/* links: host-agent/qemu-module/core/own_thread.c */
/* links: host-agent/qemu-module/postcopy/skipped.c */
/* links: host-agent/qemu-module/core/dirty_log.c */
/* links: host-agent/qemu-module/core/ram_dirty_bitmap.c */
/* links: host-agent/qemu-module/core/arm.c host-agent/qemu-module/gate/round_gate.c */
/* links: host-agent/qemu-module/gate/round_history.c */
/* links: host-agent/qemu-module/gate/range_queue.c */
/* links: host-agent/qemu-module/core/bar.c proto/host_request.c proto/host_snapshot.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: proto/host_offer.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_log.c */
#include <sys/mman.h>

#include "host-agent/qemu-module/core/arm.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "host-agent/qemu-module/postcopy/skipped.h"
#include "host-agent/qemu-module/postcopy/zero_thread.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_log.h"
#include "tests/unit/unit.h"

#define PAGE	FREEHINT_PAGE_SIZE
#define PAGES	256
#define FIRST	10
#define SKIPPED	100

static u8 *memory;

static u64 zeroed(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.pages_zeroed;
}

static int setup(void **state)
{
	arm_release();
	fake_qemu_init();
	fake_log_install();
	memory = fake_add_block(0, PAGES * PAGE)->host;
	mprotect(memory, PAGES * PAGE, PROT_READ | PROT_WRITE);
	memset(memory, 0x5a, PAGES * PAGE);
	arm_acquire();
	arm_all(NULL);
	assert_int_equal(gate_init(), 0);
	assert_int_equal(skipped_start(), 0);
	skipped_add(memory + FIRST * PAGE, SKIPPED * PAGE);
	return 0;
}

static int teardown(void **state)
{
	zero_thread_stop();
	skipped_stop();
	return 0;
}

/* Until the thread has done all of it. */
static void run(u64 pages)
{
	u64 before = zeroed();

	zero_thread_start();
	while (zeroed() < before + pages)
		;
	zero_thread_stop();
	assert_int_equal(zeroed(), before + pages);
}

static bool is_zero(u64 page)
{
	static const u8 zeros[PAGE];

	return !memcmp(memory + page * PAGE, zeros, PAGE);
}

static void assert_written(void)
{
	u64 page;

	for (page = 0; page < PAGES; page++)
		assert_int_equal(is_zero(page), page >= FIRST && page < FIRST + SKIPPED);
	assert_int_equal(fake_log_count(fake_log.discarded[0], PAGES), 0);
}

static void plain_memory_is_given_to_the_kernel(void **state)
{
	run(SKIPPED);
	assert_int_equal(fake_log_count(fake_log.discarded[0], PAGES), SKIPPED);
	assert_true(fake_log.discarded[0][FIRST]);
	assert_true(fake_log.discarded[0][FIRST + SKIPPED - 1]);
	assert_false(is_zero(FIRST));
}

static void so_is_a_shared_file(void **state)
{
	fake_log.fd = 3;
	fake_log.shared = true;
	run(SKIPPED);
	assert_int_equal(fake_log_count(fake_log.discarded[0], PAGES), SKIPPED);
}

static void a_file_under_a_private_mapping_is_not_touched(void **state)
{
	fake_log.fd = 3;
	run(SKIPPED);
	assert_int_equal(fake_log.discards, 0);
	assert_written();
}

static void huge_pages_are_written(void **state)
{
	fake.block[0].page = 2 << 20;
	run(SKIPPED);
	assert_written();
}

static void memory_that_somebody_pins_is_written(void **state)
{
	fake_log.disabled = true;
	run(SKIPPED);
	assert_written();
}

static void what_the_kernel_does_not_take_is_written_and_not_offered_again(void **state)
{
	skipped_add(memory + 200 * PAGE, PAGE);
	fake_log.refuse = true;
	run(SKIPPED + 1);
	assert_int_equal(fake_log.discards, 1);
	assert_true(is_zero(FIRST));
	assert_true(is_zero(200));
	assert_false(is_zero(199));
}

static void memory_that_is_read_only_is_left(void **state)
{
	u64 before = zeroed();

	fake_log.disabled = true;
	mprotect(memory, PAGES * PAGE, PROT_READ);
	zero_thread_start();
	zero_thread_stop();
	assert_int_equal(zeroed(), before);
	assert_false(is_zero(FIRST));
}

/* It may have been written. */
static void a_doubtful_page_is_left_as_it_is(void **state)
{
	skipped_doubt();
	skipped_add(memory + FIRST * PAGE, PAGE);
	run(1);
	assert_true(fake_log.discarded[0][FIRST]);
	assert_false(fake_log.discarded[0][FIRST + 1]);
}

static void it_can_be_stopped_when_it_does_not_run(void **state)
{
	zero_thread_stop();
	zero_thread_stop();
	assert_int_equal(fake_log.discards, 0);
}

RUN_TESTS(NULL, NULL,
		TEST(plain_memory_is_given_to_the_kernel),
		TEST(so_is_a_shared_file),
		TEST(a_file_under_a_private_mapping_is_not_touched),
		TEST(huge_pages_are_written),
		TEST(memory_that_somebody_pins_is_written),
		TEST(what_the_kernel_does_not_take_is_written_and_not_offered_again),
		TEST(memory_that_is_read_only_is_left),
		TEST(a_doubtful_page_is_left_as_it_is),
		TEST(it_can_be_stopped_when_it_does_not_run),
)
