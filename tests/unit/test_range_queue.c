// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of ranges: what the apply thread takes at a time is no more than one call into
 * QEMU's bitmap, however long the ranges are, and nothing is lost between two of its calls.
 */
/* links: host-agent/qemu-module/gate/range_queue.c */
#include "host-agent/qemu-module/gate/range_queue.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

#define GIB	FREEHINT_APPLY_BYTES
#define ROUND	7

static struct range_queue queue;

static int setup(void **state)
{
	return range_queue_init(&queue);
}

static int teardown(void **state)
{
	free(queue.slot);
	memset(&queue, 0, sizeof(queue));
	return 0;
}

static struct gate_range at(u64 start, u64 len)
{
	return (struct gate_range) { .hva = (void *)start, .len = len, .gpa = start + 5 * GIB };
}

static void assert_range(const struct gate_range *range, u64 start, u64 len)
{
	assert_ptr_equal(range->hva, (void *)start);
	assert_int_equal(range->gpa, start + 5 * GIB);
	assert_int_equal(range->len, len);
	assert_int_equal(range->round, ROUND);
}

static void a_long_range_is_taken_in_pieces(void **state)
{
	const struct gate_range two[] = { at(GIB, 2 * GIB + 4096), at(8 * GIB, 8192) };
	struct range_batch batch;
	u64 i;

	range_queue_add(&queue, ROUND, two, 2);
	for (i = 1; i <= 2; i++) {
		range_queue_take(&queue, &batch);
		assert_int_equal(batch.count, 1);
		assert_range(batch.range, i * GIB, GIB);
	}
	range_queue_take(&queue, &batch);
	assert_int_equal(batch.count, 2);
	assert_range(&batch.range[0], 3 * GIB, 4096);
	assert_range(&batch.range[1], 8 * GIB, 8192);
	assert_true(range_queue_is_empty(&queue));
}

static void a_batch_is_never_more_than_one_call_may_be(void **state)
{
	const struct gate_range two[] = { at(GIB, GIB - 4096), at(8 * GIB, 8192) };
	struct range_batch batch;

	range_queue_add(&queue, ROUND, two, 2);
	range_queue_take(&queue, &batch);
	assert_int_equal(batch.count, 2);
	assert_range(&batch.range[1], 8 * GIB, 4096);
	range_queue_take(&queue, &batch);
	assert_int_equal(batch.count, 1);
	assert_range(&batch.range[0], 8 * GIB + 4096, 4096);
}

static void a_batch_has_so_many_ranges_at_most(void **state)
{
	const struct gate_range one = at(GIB, 4096);
	struct range_batch batch;
	u32 i;

	for (i = 0; i <= FREEHINT_APPLY_RANGES; i++)
		range_queue_add(&queue, ROUND, &one, 1);
	range_queue_take(&queue, &batch);
	assert_int_equal(batch.count, FREEHINT_APPLY_RANGES);
	range_queue_take(&queue, &batch);
	assert_int_equal(batch.count, 1);
}

/* A close comes after the first piece: the rest counts as late, and makes room. */
static void the_rest_of_a_range_is_dropped_whole(void **state)
{
	const struct gate_range one = at(GIB, 8 * GIB);
	struct range_batch batch;

	range_queue_add(&queue, ROUND, &one, 1);
	range_queue_take(&queue, &batch);
	assert_int_equal(range_queue_room(&queue), FREEHINT_MAX_QUEUED - 1);
	assert_int_equal(range_queue_drop(&queue), 7 * GIB >> FREEHINT_PAGE_SHIFT);
	assert_int_equal(range_queue_room(&queue), FREEHINT_MAX_QUEUED);
}

static u64 live = ROUND;

/* A close comes while the first range of a batch is applied. */
static u64 apply_and_close(const struct gate_range *range)
{
	live = FREEHINT_NO_ROUND;
	return 1;
}

static void a_batch_ends_with_its_round(void **state)
{
	const struct range_batch batch = {
		.range = { at(GIB, 4096), at(2 * GIB, 8192) }, .count = 2,
	};
	struct range_result done = range_batch_apply(&batch, &live, ROUND, apply_and_close);

	assert_int_equal(done.pages, 1);
	assert_int_equal(done.cleared, 1);
	assert_int_equal(done.late, 2);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

RUN_TESTS(NULL, NULL,
		QUEUE_TEST(a_long_range_is_taken_in_pieces),
		QUEUE_TEST(a_batch_is_never_more_than_one_call_may_be),
		QUEUE_TEST(a_batch_has_so_many_ranges_at_most),
		QUEUE_TEST(the_rest_of_a_range_is_dropped_whole),
		QUEUE_TEST(a_batch_ends_with_its_round),
)
