// SPDX-License-Identifier: GPL-2.0
/*
 * Guest physical to host addresses: exact extents, few questions to QEMU.
 */
/* links: host-agent/qemu-module/core/ram_map.c tests/fakes/fake_qemu.c */
#include "host-agent/qemu-module/core/ram_map.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/unit/unit.h"

#define PAGE	FREEHINT_PAGE_SIZE
#define LOW	0xa0000ULL
#define HIGH	(1ULL << 32)

static struct ram_map map;

static int setup(void **state)
{
	fake_qemu_init();
	fake_add_block(0, LOW);
	fake_add_block(0x100000, 0xb0000000ULL - 0x100000);
	fake_add_block(HIGH, 5ULL << 30);
	ram_map_init(&map);
	return 0;
}

static void a_segment_ends_where_the_memory_ends(void **state)
{
	const struct ram_segment *s = ram_map_find(&map, 0x5000, NULL);

	assert_non_null(s);
	assert_int_equal(s->start, 0x5000);
	assert_int_equal(s->end, LOW);
	assert_ptr_equal(s->hva, fake.block[0].host + 0x5000);
	s = ram_map_find(&map, HIGH + 7 * PAGE, NULL);
	assert_int_equal(s->end, HIGH + (5ULL << 30));
}

static void the_last_page_is_a_segment_of_one(void **state)
{
	const struct ram_segment *s = ram_map_find(&map, LOW - PAGE, NULL);

	assert_non_null(s);
	assert_int_equal(s->end, LOW);
}

static void a_hole_is_an_error_with_qemus_words(void **state)
{
	Error *err = NULL;

	assert_null(ram_map_find(&map, LOW, &err));
	assert_non_null(err);
	assert_string_equal(fake.error, "no memory there");
	assert_null(ram_map_find(&map, 0xb0000000ULL, NULL));
	assert_null(ram_map_find(&map, 1ULL << 50, NULL));
}

static void the_next_memory_begins_behind_the_hole(void **state)
{
	const struct ram_segment *s = ram_map_next(&map, LOW, 1ULL << 44);

	assert_non_null(s);
	assert_int_equal(s->start, 0x100000);
	s = ram_map_next(&map, 0xb0000000ULL, 1ULL << 44);
	assert_int_equal(s->start, HIGH);
	/* In the middle of it, and in front of the end of a search. */
	s = ram_map_next(&map, HIGH + PAGE, 1ULL << 44);
	assert_true(s->start <= HIGH + PAGE && s->end == HIGH + (5ULL << 30));
	assert_null(ram_map_next(&map, 0xb0000000ULL, HIGH));
}

/* What a guest claims decides where a search ends. */
static void a_large_hole_takes_few_questions(void **state)
{
	const u64 far = (1ULL << 40) + (37ULL << 20);
	const struct ram_segment *s;

	assert_null(ram_map_next(&map, HIGH + (5ULL << 30), 1ULL << 44));
	assert_true(fake.probes < 150000);
	fake_add_block(far, RAM_MAP_LEAP);
	s = ram_map_next(&map, HIGH + (5ULL << 30), 1ULL << 44);
	assert_non_null(s);
	assert_int_equal(s->start, far);
	assert_int_equal(s->end, far + RAM_MAP_LEAP);
	s = ram_map_next(&map, HIGH + (5ULL << 30), far + (1ULL << 20));
	assert_non_null(s);
	assert_int_equal(s->start, far);
}

static void memory_of_a_device_is_an_error(void **state)
{
	Error *err = NULL;

	fake.block[1].device = true;
	assert_null(ram_map_find(&map, 0x200000, &err));
	assert_non_null(err);
	assert_string_equal(fake.error, "it belongs to a device");
	assert_non_null(ram_map_find(&map, HIGH, NULL));
}

static void a_known_segment_costs_no_question(void **state)
{
	unsigned int probes;
	u64 gpa;

	ram_map_find(&map, HIGH, NULL);
	probes = fake.probes;
	for (gpa = HIGH; gpa < HIGH + (1ULL << 30); gpa += 1ULL << 20)
		assert_ptr_equal(ram_map_find(&map, gpa, NULL), &map.segment[0]);
	assert_int_equal(fake.probes, probes);
	assert_true(probes < 100);
}

static void more_segments_than_room_still_answer(void **state)
{
	const struct ram_segment *s;
	u64 gpa = 0x100000;
	int i;

	/* Backwards, so that no earlier segment covers the page. */
	for (i = 2 * RAM_MAP_SEGMENTS; i-- > 0;) {
		s = ram_map_find(&map, gpa + i * PAGE, NULL);
		assert_non_null(s);
		assert_int_equal(s->start, gpa + i * PAGE);
	}
	assert_int_equal(map.count, RAM_MAP_SEGMENTS);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test_setup(a_segment_ends_where_the_memory_ends, setup),
		cmocka_unit_test_setup(the_last_page_is_a_segment_of_one, setup),
		cmocka_unit_test_setup(a_hole_is_an_error_with_qemus_words, setup),
		cmocka_unit_test_setup(the_next_memory_begins_behind_the_hole, setup),
		cmocka_unit_test_setup(a_large_hole_takes_few_questions, setup),
		cmocka_unit_test_setup(memory_of_a_device_is_an_error, setup),
		cmocka_unit_test_setup(a_known_segment_costs_no_question, setup),
		cmocka_unit_test_setup(more_segments_than_room_still_answer, setup),
)
