// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments of QMP commands: which are refused, and that the words say what to give.
 */
/* links: host-agent/qemu-module/core/qmp_args.c host-agent/qemu-module/core/peer_wake.c */
/* links: host-agent/qemu-module/entry/wake_command.c */
/* links: tests/fakes/fake_qemu.c tests/fakes/fake_qobject.c */
/* libs: jansson */
#include "host-agent/qemu-module/core/qmp_args.h"
#include "host-agent/qemu-module/entry/wake_command.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/fake_qobject.h"
#include "tests/unit/unit.h"

static json_t *args;

static int setup(void **state)
{
	fake_qemu_init();
	fake_qobject_init();
	return 0;
}

static int teardown(void **state)
{
	json_decref(args);
	args = NULL;
	return 0;
}

static const QDict *given(const char *json)
{
	json_decref(args);
	args = json_loads(json, 0, NULL);
	assert_non_null(args);
	return (const QDict *)args;
}

static void unknown_names_are_refused(void **state)
{
	static const char *const known[] = { "a", "b", NULL };
	static const char *const none[] = { NULL };
	Error *err = NULL;

	assert_true(qmp_args_check(given("{}"), none, "there is none", &err));
	assert_true(qmp_args_check(given("{\"b\": 1, \"a\": 2}"), known, "give 'a'", &err));
	assert_null(err);
	assert_false(qmp_args_check(given("{\"b\": 1, \"ab\": 2}"), known, "give 'a'", &err));
	assert_non_null(err);
	assert_string_equal(fake.error, "argument 'ab' is unknown; give 'a'");
	assert_false(qmp_args_check(given("{\"a\": 1}"), none, "there is none", &err));
	assert_string_equal(fake.error, "argument 'a' is unknown; there is none");
}

static void integers_are_told_from_other_types(void **state)
{
	int64_t n;

	assert_true(qmp_args_int(given("{\"n\": 0}"), "n", &n) && n == 0);
	assert_true(qmp_args_int(given("{\"n\": 1}"), "n", &n) && n == 1);
	assert_true(qmp_args_int(given("{\"n\": -1}"), "n", &n) && n == -1);
	assert_false(qmp_args_int(given("{}"), "n", &n) || n);
	assert_false(qmp_args_int(given("{\"n\": \"1\"}"), "n", &n) || n);
}

static void number_refused(const char *json, const char *words)
{
	Error *err = NULL;
	int64_t n;

	assert_false(qmp_args_number(given(json), "n", 0, 5, &n, &err));
	assert_non_null(err);
	assert_string_equal(fake.error, words);
}

static void numbers_have_limits(void **state)
{
	int64_t n;

	assert_true(qmp_args_number(given("{\"n\": 0}"), "n", 0, 5, &n, NULL) && n == 0);
	assert_true(qmp_args_number(given("{\"n\": 5}"), "n", 0, 5, &n, NULL) && n == 5);
	number_refused("{\"n\": 6}", "'n' is 6; give an integer from 0 to 5");
	number_refused("{\"n\": -1}", "'n' is -1; give an integer from 0 to 5");
	number_refused("{\"n\": 2.5}", "'n' is missing or not an integer; give one from 0 to 5");
	number_refused("{}", "'n' is missing or not an integer; give one from 0 to 5");
}

static void wake_refused(const char *json, const char *words)
{
	QObject *ret = NULL;
	Error *err = NULL;

	wake_command((QDict *)given(json), &ret, &err);
	assert_non_null(err);
	assert_null(ret);
	assert_non_null(strstr(fake.error, words));
}

static void a_socket_has_to_be_named(void **state)
{
	wake_refused("{}", "'fdname' is missing or not a string; give the name");
	wake_refused("{\"fdname\": 3}", "'fdname' is missing or not a string; give the name");
	wake_refused("{\"fdname\": \"a\", \"fd\": 3}", "argument 'fd' is unknown; give 'fdname'");
}

RUN_TESTS(NULL, NULL,
		TEST(unknown_names_are_refused),
		TEST(integers_are_told_from_other_types),
		TEST(numbers_have_limits),
		TEST(a_socket_has_to_be_named),
)
