// SPDX-License-Identifier: GPL-2.0
/*
 * What x-query-freehint says: who starts reporting, and how long a query holds the big lock.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h tests/unit/give_back_rig.h */
/* links: host-agent/qemu-module/entry/commands.c host-agent/qemu-module/entry/wake_command.c */
/* links: host-agent/qemu-module/entry/map_command.c host-agent/qemu-module/entry/map_given.c */
/* links: host-agent/qemu-module/map/resident.c */
/* links: host-agent/qemu-module/entry/give_back_command.c */
/* links: host-agent/qemu-module/entry/give_back_query.c */
/* links: host-agent/qemu-module/entry/query_command.c */
/* links: host-agent/qemu-module/round/apply_thread.c */
/* links: host-agent/qemu-module/round/mark_clean.c */
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/qemu-module/entry/commands.h"
#include "host-agent/qemu-module/entry/give_back_command.h"
#include "tests/unit/give_back_rig.h"

static qemu_qmp_fn *query_fn;

static void remember(void *list, const char *name, qemu_qmp_fn *fn, int options,
		     unsigned int features)
{
	if (!strcmp(name, FREEHINT_QMP_QUERY))
		query_fn = fn;
}

static void register_thread(void)
{
}

static int setup(void **state)
{
	setup_giving(state);
	qemu.rcu_register_thread = register_thread;
	qemu.qmp_register_command = remember;
	commands_register();
	return 0;
}

/* The caller drops the answer. */
static json_t *query(void)
{
	json_t *answer = fake_run(query_fn, json_object());

	assert_non_null(answer);
	return answer;
}

static void give_back(const char *mode)
{
	accepts(give_back_command, json_pack("{s:s}", FREEHINT_ARG_MODE, mode));
}

static json_int_t longest_hold(void)
{
	json_t *answer = query();
	json_int_t us;

	assert_int_equal(json_unpack(answer, "{s:{s:I}}", "counters", "bql-max-us", &us), 0);
	json_decref(answer);
	return us;
}

static void the_next_query_counts_the_last(void **state)
{
	assert_true(set_mode(GIVE_BACK_ALWAYS));
	fake_discard.takes_us = 50000;
	assert_true(longest_hold() < 50000);
	assert_true(longest_hold() >= 50000);
}

static bool still_arrives(void)
{
	return true;
}

/* The memory backend and its device are there, and need not be added. */
static void before_the_guest_has_arrived_both_are_refused_for_it(void **state)
{
	const char *hints, *memory;
	json_t *answer;

	bar_detach();
	qemu.migration_in_incoming_postcopy = still_arrives;
	answer = query();
	assert_int_equal(json_unpack(answer, "{s:s, s:{s:s}}", "refused", &hints, "give-back",
				     "refused", &memory), 0);
	assert_string_equal(memory, hints);
	assert_non_null(strstr(memory, "has not completed"));
	json_decref(answer);
}

static u64 total_hold(void)
{
	struct gate_view view;

	gate_view(&view);
	return view.counters.bql_total_us;
}

static int (*walk)(qemu_block_fn *fn, void *opaque);

static int walk_slowly(qemu_block_fn *fn, void *opaque)
{
	usleep(50000);
	return walk(fn, opaque);
}

/* The hello was taken away, and whoever publishes it asks for memory again, which takes a walk. */
static u64 make_publishing_slow(void)
{
	if (qemu.qemu_ram_foreach_block != walk_slowly)
		walk = qemu.qemu_ram_foreach_block;
	qemu.qemu_ram_foreach_block = walk_slowly;
	bar_clear_hello();
	return total_hold();
}

static void is_counted_once(u64 before, u64 start)
{
	u64 counted = total_hold() - before;

	assert_true(bar_has_hello());
	assert_true(counted >= 50000);
	assert_true(counted <= clock_us() - start);
}

static void a_query_that_publishes_the_hello_counts_its_time_once(void **state)
{
	u64 before, start;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	before = make_publishing_slow();
	start = clock_us();
	json_decref(query());
	is_counted_once(before, start);
}

static void a_start_of_the_guest_counts_its_time_once(void **state)
{
	u64 before, start;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	before = make_publishing_slow();
	start = clock_us();
	fake.state(NULL, true, 0);
	is_counted_once(before, start);
}

/* The guest has not answered the new hello yet. */
static void a_command_counts_its_time_once(void **state)
{
	u64 before, start;

	assert_true(set_mode(GIVE_BACK_ALWAYS));
	before = make_publishing_slow();
	start = clock_us();
	assert_false(commands_start(&why));
	is_counted_once(before, start);
	before = make_publishing_slow();
	start = clock_us();
	give_back("always");
	is_counted_once(before, start);
}

static bool says_autostart(void)
{
	json_t *answer = query();
	int on;

	assert_int_equal(json_unpack(answer, "{s:b}", "autostart", &on), 0);
	json_decref(answer);
	return on;
}

static void it_says_whether_reporting_starts_by_itself(void **state)
{
	const struct precopy_limits limits = { .start = commands_start };

	assert_false(says_autostart());
	precopy_init(&limits);
	assert_true(says_autostart());
	/* It is not what a command has started. */
	assert_true(reporting_start(&why));
	assert_true(says_autostart());
}

#define QUERY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_giving)

RUN_TESTS(init, finish,
		QUERY_TEST(before_the_guest_has_arrived_both_are_refused_for_it),
		QUERY_TEST(it_says_whether_reporting_starts_by_itself),
		QUERY_TEST(the_next_query_counts_the_last),
		QUERY_TEST(a_query_that_publishes_the_hello_counts_its_time_once),
		QUERY_TEST(a_start_of_the_guest_counts_its_time_once),
		QUERY_TEST(a_command_counts_its_time_once),
)
