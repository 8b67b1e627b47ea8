// SPDX-License-Identifier: GPL-2.0
/*
 * Arming: the log of every chunk of migratable memory is cleared, what could not be armed
 * may not be hinted, and what is armed cannot be freed meanwhile.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/core/arm.c host-agent/qemu-module/core/bar.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: tests/fakes/fake_qemu.c */
/* links: proto/host_request.c proto/host_snapshot.c */
/* links: proto/host_offer.c */
#include "host-agent/qemu-module/core/arm.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/unit/unit.h"

#define PAGE	FREEHINT_PAGE_SIZE
#define CHUNK	(64 * PAGE)

static int setup(void **state)
{
	arm_release();
	fake_qemu_init();
	return 0;
}

static u64 arm(void)
{
	arm_acquire();
	return arm_all(NULL);
}

static bool covers(const u8 *hva, u64 len)
{
	bool armed;

	return arm_part(hva, len, &armed) == len && armed;
}

static void every_chunk_of_every_block_is_armed(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 8 * CHUNK);
	struct RAMBlock *b = fake_add_block(1ULL << 32, 3 * CHUNK + 5 * PAGE);
	int i;

	assert_int_equal(arm(), 8 + 4);
	for (i = 0; i < 8; i++)
		assert_true(a->cleared[i]);
	for (i = 0; i < 4; i++)
		assert_true(b->cleared[i]);
	assert_int_equal(fake.hints, 0);
	assert_true(covers(a->host, a->len));
	assert_true(covers(b->host, b->len));
}

static void the_chunk_size_is_qemus(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 1ULL << 32);

	fake.chunk_shift = 18;
	assert_int_equal(arm(), 4);
	assert_true(covers(a->host, a->len));
}

static void an_unknown_chunk_size_means_the_smallest(void **state)
{
	fake_add_block(0, 8 * CHUNK);
	fake.chunk_shift = -1;
	assert_int_equal(arm(), 8);
}

static void a_last_chunk_of_one_page_stays_unarmed(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 2 * CHUNK + PAGE);

	assert_int_equal(arm(), 2);
	assert_false(a->cleared[2]);
	assert_true(covers(a->host, 2 * CHUNK));
	assert_false(covers(a->host, 2 * CHUNK + PAGE));
	assert_false(covers(a->host + 2 * CHUNK, PAGE));
}

static void a_block_of_one_page_is_left_out(void **state)
{
	struct RAMBlock *a = fake_add_block(0, PAGE);

	assert_int_equal(arm(), 0);
	assert_false(covers(a->host, PAGE));
}

static void a_block_that_does_not_migrate_is_left_alone(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 4 * CHUNK);

	a->ignored = true;
	assert_int_equal(arm(), 0);
	assert_int_equal(fake.arms, 0);
	assert_false(covers(a->host, PAGE));
}

static void what_lies_outside_is_not_covered(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 4 * CHUNK);

	arm();
	assert_false(covers(a->host - PAGE, PAGE));
	assert_false(covers(a->host - PAGE, 2 * PAGE));
	assert_false(covers(a->host + a->len, PAGE));
	assert_false(covers(a->host + a->len - PAGE, 2 * PAGE));
	assert_false(covers(a->host, ~0ULL));
}

static void what_is_armed_in_part_is_told_part_by_part(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 4 * CHUNK + PAGE);
	bool armed;

	arm();
	assert_int_equal(arm_part(a->host + PAGE, 4 * CHUNK, &armed), 4 * CHUNK - PAGE);
	assert_true(armed);
	assert_int_equal(arm_part(a->host + 4 * CHUNK, PAGE, &armed), PAGE);
	assert_false(armed);
	assert_int_equal(arm_part(a->host - 2 * PAGE, 4 * PAGE, &armed), 2 * PAGE);
	assert_false(armed);
}

static void memory_of_devices_is_none_that_can_be_hinted(void **state)
{
	struct RAMBlock *rom = fake_add_block(0, 4 * CHUNK);
	struct RAMBlock *ram = fake_add_block(1ULL << 32, 4 * CHUNK);

	rom->device = true;
	ram->ignored = true;
	arm();
	assert_int_equal(arm_bytes(), 0);
	ram->ignored = false;
	arm();
	assert_int_equal(arm_bytes(), ram->len);
}

static void nothing_is_covered_once_forgotten(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 4 * CHUNK);

	arm();
	arm_release();
	assert_false(covers(a->host, PAGE));
}

static void what_is_armed_is_held_until_it_is_armed_no_more(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 4 * CHUNK);
	struct RAMBlock *b = fake_add_block(1ULL << 32, 4 * CHUNK);

	arm();
	arm();
	assert_int_equal(a->refs, 1);
	assert_int_equal(b->refs, 1);
	assert_int_equal(fake.armed_unheld, 0);
	/* Unplugged, it migrates no more. */
	b->ignored = true;
	arm();
	assert_int_equal(a->refs, 1);
	assert_int_equal(b->refs, 0);
	assert_true(covers(a->host, PAGE));
	assert_false(covers(b->host, PAGE));
	arm_release();
	assert_int_equal(a->refs, 0);
}

static void memory_of_a_device_is_left_alone(void **state)
{
	struct RAMBlock *a = fake_add_block(0, 4 * CHUNK);

	a->device = true;
	assert_int_equal(arm(), 0);
	assert_int_equal(a->refs, 0);
	assert_false(covers(a->host, PAGE));
}

/* -smp 1,maxcpus=4, and the last socket was plugged. */
static void a_gap_between_cpus_keeps_no_tlb_hot(void **state)
{
	fake_qemu_is_old_tcg();
	fake.cpus = 1 << 0 | 1 << 3;
	arm_tlbs();
	assert_int_equal(fake.tlb_resets, 2);
	assert_int_equal(fake.tlb_waits, 1);
	/* the first one was unplugged */
	fake.cpus = 1 << 3;
	arm_tlbs();
	assert_int_equal(fake.tlb_resets, 3);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(a_gap_between_cpus_keeps_no_tlb_hot, setup),
		cmocka_unit_test_setup(every_chunk_of_every_block_is_armed, setup),
		cmocka_unit_test_setup(the_chunk_size_is_qemus, setup),
		cmocka_unit_test_setup(an_unknown_chunk_size_means_the_smallest, setup),
		cmocka_unit_test_setup(a_last_chunk_of_one_page_stays_unarmed, setup),
		cmocka_unit_test_setup(a_block_of_one_page_is_left_out, setup),
		cmocka_unit_test_setup(a_block_that_does_not_migrate_is_left_alone, setup),
		cmocka_unit_test_setup(what_is_armed_is_held_until_it_is_armed_no_more, setup),
		cmocka_unit_test_setup(memory_of_a_device_is_left_alone, setup),
		cmocka_unit_test_setup(what_lies_outside_is_not_covered, setup),
		cmocka_unit_test_setup(what_is_armed_in_part_is_told_part_by_part, setup),
		cmocka_unit_test_setup(memory_of_devices_is_none_that_can_be_hinted, setup),
		cmocka_unit_test_setup(nothing_is_covered_once_forgotten, setup),
)
