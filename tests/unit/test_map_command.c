// SPDX-License-Identifier: GPL-2.0
/*
 * x-freehint-map: RAM and holes in cells, what was hinted, what was given back and is still
 * away, and arguments that are refused.
 */
/* rig: tests/unit/bar_rig.h */
/* links: host-agent/qemu-module/entry/map_command.c host-agent/qemu-module/map/page_map.c */
/* links: host-agent/qemu-module/entry/map_given.c host-agent/qemu-module/map/resident.c */
/* links: host-agent/qemu-module/core/ram_map.c tests/fakes/fake_qobject.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* libs: jansson */
#include <sys/mman.h>

#include "host-agent/qemu-module/map/page_map.h"
#include "host-agent/qemu-module/entry/map_command.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/unit/bar_rig.h"

#define MIB		(1ULL << 20)
/* What 60 KiB of bitmap describe. */
#define CAPACITY	((SHM_SIZE - 4096) * 8)

/* Return: the answer, the caller's; NULL when it was refused. */
static json_t *ask(const char *args)
{
	return fake_run(map_command, json_loads(args, 0, NULL));
}

static json_int_t at(const json_t *answer, const char *list, size_t index)
{
	return json_integer_value(json_array_get(json_object_get(answer, list), index));
}

static json_int_t sum(const json_t *answer, const char *list)
{
	size_t i, count = json_array_size(json_object_get(answer, list));
	json_int_t total = 0;

	for (i = 0; i < count; i++)
		total += at(answer, list, i);
	return total;
}

static void memory_and_holes_are_told_apart(void **state)
{
	json_t *answer = ask("{\"cells\": 480}");
	u64 per_cell;

	assert_non_null(answer);
	assert_int_equal(json_integer_value(json_object_get(answer, "pages")), CAPACITY);
	per_cell = (u64)json_integer_value(json_object_get(answer, "pages-per-cell"));
	assert_int_equal(per_cell % 64, 0);
	assert_int_equal(sum(answer, "ram"), 32 * MIB / FREEHINT_PAGE_SIZE);
	assert_int_equal(at(answer, "ram", 0), per_cell);
	/* 16 MiB of RAM, 16 MiB of nothing, 16 MiB of RAM */
	assert_int_equal(at(answer, "ram", 20 * MIB / FREEHINT_PAGE_SIZE / per_cell), 0);
	assert_int_equal(at(answer, "ram", 40 * MIB / FREEHINT_PAGE_SIZE / per_cell), per_cell);
	json_decref(answer);
}

static void what_was_hinted_is_added_up(void **state)
{
	json_t *answer;

	page_map_reset(&hinted_map);
	page_map_add(&hinted_map, 2 * MIB, 4 * MIB);
	page_map_add(&hinted_map, 40 * MIB, FREEHINT_PAGE_SIZE);
	answer = ask("{\"cells\": 7}");
	assert_non_null(answer);
	assert_int_equal(sum(answer, "hinted"), 4 * MIB / FREEHINT_PAGE_SIZE + 1);
	assert_true(json_array_size(json_object_get(answer, "hinted")) <= 7);
	json_decref(answer);
}

static void any_number_of_cells_covers_all(void **state)
{
	u64 cells, pages, per_cell;
	char args[32];
	json_t *answer;

	for (cells = 1; cells <= 4096; cells += cells < 70 ? 1 : 671) {
		snprintf(args, sizeof(args), "{\"cells\": %llu}", (unsigned long long)cells);
		answer = ask(args);
		assert_non_null(answer);
		pages = (u64)json_integer_value(json_object_get(answer, "pages"));
		per_cell = (u64)json_integer_value(json_object_get(answer, "pages-per-cell"));
		assert_int_equal(json_array_size(json_object_get(answer, "ram")),
				 (pages + per_cell - 1) / per_cell);
		assert_int_equal(sum(answer, "ram"), 32 * MIB / FREEHINT_PAGE_SIZE);
		json_decref(answer);
	}
}

static void memory_that_divides_evenly_is_divided_as_asked(void **state)
{
	json_t *answer = ask("{\"cells\": 480}");

	assert_non_null(answer);
	assert_int_equal(CAPACITY % (480 * 64), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "ram")), 480);
	json_decref(answer);
}

static void bad_arguments_are_refused(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"cells\": 0}", "{\"cells\": -1}", "{\"cells\": 4097}",
		"{\"cells\": \"x\"}", "{\"cells\": 8, \"more\": 1}",
		"{\"given-back-from\": 0}", "{\"cells\": 8, \"given-back-from\": -1}",
		"{\"cells\": 8, \"given-back-from\": \"x\"}",
		"{\"cells\": 8, \"given-back-from\": 491520}",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(ask(bad[i]));
}

/* A number between 0 and -1 is none that could be given. */
static void where_there_is_no_memory_nothing_was_given_back(void **state)
{
	const struct freehint_guest_facts no_memory = { .contract = FREEHINT_CONTRACT_DEAD };

	assert_int_equal(freehint_publisher_attach(&pub, shm, SHM_SIZE), 0);
	freehint_publish_hello(&pub, shm->host_hello.instance, &no_memory);
	assert_null(ask("{\"cells\": 8, \"given-back-from\": 0}"));
	assert_non_null(strstr(fake.error, "the guest says that it has no memory"));
	bar_detach();
	assert_null(ask("{\"cells\": 8, \"given-back-from\": 0}"));
	assert_non_null(strstr(fake.error, "no shared memory; add"));
	attach();
}

/* Adds up what was given back, in as many commands as it takes. */
static void ask_all(unsigned int cells, json_int_t sums[3])
{
	static const char *const lists[] = { "ram", "given-back", "absent" };
	json_int_t next = 0, pages, per_cell, first;
	char args[64];
	json_t *answer;
	int i;

	memset(sums, 0, 3 * sizeof(sums[0]));
	do {
		snprintf(args, sizeof(args), "{\"cells\": %u, \"given-back-from\": %lld}", cells,
			 (long long)next);
		answer = ask(args);
		assert_non_null(answer);
		assert_null(json_object_get(answer, "hinted"));
		first = next;
		next = json_integer_value(json_object_get(answer, "next"));
		pages = json_integer_value(json_object_get(answer, "pages"));
		per_cell = json_integer_value(json_object_get(answer, "pages-per-cell"));
		assert_true(next > first && next <= pages);
		for (i = 0; i < 3; i++) {
			assert_int_equal(json_array_size(json_object_get(answer, lists[i])),
					 (next - 1) / per_cell - first / per_cell + 1);
			sums[i] += sum(answer, lists[i]);
		}
		json_decref(answer);
	} while (next < pages);
}

/* The host lacks what was discarded, until somebody writes it again. */
static void what_was_given_back_is_added_up(void **state)
{
	const struct RAMBlock *high = &fake.block[1];
	json_int_t sums[3];
	unsigned int cells;

	assert_int_equal(mprotect(high->host, high->len, PROT_READ | PROT_WRITE), 0);
	/* A kernel that knows no huge pages refuses this, and has none to put there either. */
	(void)madvise(high->host, high->len, MADV_NOHUGEPAGE);
	memset(high->host, 1, high->len);
	assert_int_equal(page_map_init(&given_map, CAPACITY), 0);
	page_map_add(&given_map, high->gpa + FREEHINT_PAGE_SIZE, 4 * MIB);
	/* Where no memory is now, nothing counts. */
	page_map_add(&given_map, 16 * MIB, 16 * MIB);
	assert_int_equal(madvise(high->host + FREEHINT_PAGE_SIZE, 4 * MIB, MADV_DONTNEED), 0);
	memset(high->host + 2 * MIB, 1, MIB);
	for (cells = 1; cells <= 4096; cells = cells * 3 + 1) {
		ask_all(cells, sums);
		assert_int_equal(sums[0], 32 * MIB / FREEHINT_PAGE_SIZE);
		assert_int_equal(sums[1], 4 * MIB / FREEHINT_PAGE_SIZE);
		assert_int_equal(sums[2], 3 * MIB / FREEHINT_PAGE_SIZE);
	}
}

static int start(void **state)
{
	if (init(state))
		return -1;
	fake_qobject_init();
	fake_add_block(0, 16 * MIB);
	fake_add_block(32 * MIB, 16 * MIB);
	attach();
	return page_map_init(&hinted_map, CAPACITY);
}

RUN_TESTS(start, finish,
		cmocka_unit_test(memory_and_holes_are_told_apart),
		cmocka_unit_test(what_was_hinted_is_added_up),
		cmocka_unit_test(any_number_of_cells_covers_all),
		cmocka_unit_test(memory_that_divides_evenly_is_divided_as_asked),
		cmocka_unit_test(what_was_given_back_is_added_up),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(where_there_is_no_memory_nothing_was_given_back),
)
