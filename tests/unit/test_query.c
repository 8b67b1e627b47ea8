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
/* links: host-agent/qemu-module/round/apply_thread.c */
/* links: host-agent/qemu-module/round/mark_clean.c */
#include "host-agent/qemu-module/entry/commands.h"
#include "tests/unit/give_back_rig.h"

static qemu_qmp_fn *query_fn;

static void remember(void *list, const char *name, qemu_qmp_fn *fn, int options,
		     unsigned int features)
{
	if (!strcmp(name, FREEHINT_QMP_QUERY))
		query_fn = fn;
}

static int setup(void **state)
{
	setup_giving(state);
	qemu.qmp_register_command = remember;
	commands_register();
	return 0;
}

/* The caller drops the answer. */
static json_t *query(void)
{
	json_t *args = json_object();
	QObject *ret = NULL;
	Error *err = NULL;

	query_fn((QDict *)args, &ret, &err);
	json_decref(args);
	assert_null(err);
	return (json_t *)ret;
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
	assert_true(wish(GIVE_BACK_ALWAYS));
	fake_discard.takes_us = 50000;
	assert_true(longest_hold() < 50000);
	assert_true(longest_hold() >= 50000);
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
	assert_true(precopy_start(&why));
	assert_true(says_autostart());
}

#define QUERY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_giving)

RUN_TESTS(init, finish,
		QUERY_TEST(it_says_whether_reporting_starts_by_itself),
		QUERY_TEST(the_next_query_counts_the_last),
)
