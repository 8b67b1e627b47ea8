// SPDX-License-Identifier: GPL-2.0
/*
 * x-freehint-map of a guest whose shared memory describes far more than it has: few questions to
 * QEMU under the big lock, and the region's own pages are not the guest's memory.
 */
/* rig: tests/unit/bar_rig.h */
/* links: host-agent/qemu-module/entry/map_command.c host-agent/qemu-module/map/page_map.c */
/* links: host-agent/qemu-module/entry/map_given.c host-agent/qemu-module/map/resident.c */
/* links: host-agent/qemu-module/core/ram_map.c tests/fakes/fake_qobject.c */
/* links: host-agent/qemu-module/core/qmp_args.c */
/* libs: jansson */
#include "host-agent/qemu-module/entry/map_command.h"
#include "host-agent/qemu-module/map/page_map.h"
#include "include/freehint/shm_layout.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/unit/bar_rig.h"

#define MIB		(1ULL << 20)
/* Describes 64 GiB. */
#define LARGE		(2 * MIB + FREEHINT_HEADER_SIZE)
#define PAGES		(64ULL << 30 >> FREEHINT_PAGE_SHIFT)

static struct freehint_shm *large;

static u64 ram_pages(const char *args)
{
	json_t *answer = fake_run(map_command, json_loads(args, 0, NULL)), *list;
	size_t i;
	u64 sum = 0;

	assert_non_null(answer);
	list = json_object_get(answer, "ram");
	for (i = 0; i < json_array_size(list); i++)
		sum += (u64)json_integer_value(json_array_get(list, i));
	json_decref(answer);
	return sum;
}

static void a_hole_of_sixty_gigabytes_takes_few_questions(void **state)
{
	assert_int_equal(ram_pages("{\"cells\": 100}"), 32 * MIB >> FREEHINT_PAGE_SHIFT);
	assert_true(fake.probes < 10000);
}

/* The device's memory is mapped where the guest's firmware puts it. */
static void the_region_is_not_the_guests_memory(void **state)
{
	struct RAMBlock *bar = fake_add_block(48 * MIB, LARGE);
	u8 *own = bar->host;

	bar->host = (u8 *)large;
	assert_int_equal(ram_pages("{\"cells\": 100}"), 32 * MIB >> FREEHINT_PAGE_SHIFT);
	assert_int_equal(ram_pages("{\"cells\": 1, \"given-back-from\": 12288}"), 0);
	bar->host = own;
}

static int start(void **state)
{
	const char *why;

	if (init(state))
		return -1;
	large = fake_region_new(LARGE);
	if (!large)
		return -1;
	fake_qobject_init();
	fake_add_block(0, 16 * MIB);
	fake_add_block(32 * MIB, 16 * MIB);
	fake.shm = large;
	fake.shm_size = LARGE;
	assert_true(bar_attach(&why));
	return page_map_init(&hinted_map, PAGES);
}

static int end(void **state)
{
	free(large);
	return finish(state);
}

RUN_TESTS(start, end,
		cmocka_unit_test(a_hole_of_sixty_gigabytes_takes_few_questions),
		cmocka_unit_test(the_region_is_not_the_guests_memory),
)
