// SPDX-License-Identifier: GPL-2.0
/*
 * The plugin API number: known for some series, asked of QEMU's loader for others, told
 * by the functions for plugins where QEMU cannot be asked. dlsym() is replaced.
 */
/* links: host-agent/qemu-module/entry/plugin_number.c host-agent/qemu-module/core/qemu_abi.c */
/* flags: -Wl,--wrap=dlsym */
#include "host-agent/qemu-module/entry/emulator_version.h"
#include "host-agent/qemu-module/entry/plugin_number.h"
#include "host-agent/qemu-module/core/qemu_abi.h"
#include "tests/unit/unit.h"

/* The version in QEMU's executable; 0: there is none. */
static int exe_major, exe_minor;

int emulator_version(const char *path, int *major, int *minor)
{
	assert_string_equal(path, "/proc/self/exe");
	if (!exe_major)
		return -2;
	*major = exe_major;
	*minor = exe_minor;
	return 0;
}

/* What QEMU reads. */
static int declared;

/* A QEMU that takes @lowest and more, or says @words in place of its own. */
static int lowest;
static const char *words;
static const char *absent;
static unsigned int asks;
static char turned_away[160];

static void parse_plugin(const char *option, void *list)
{
	assert_non_null(list);
	assert_int_equal(strncmp(option, "file=", 5), 0);
	assert_true(plugin_number_in_trial());
}

static int load_plugins(void *list, Error **errp)
{
	asks++;
	if (declared >= lowest)
		return 0;
	snprintf(turned_away, sizeof(turned_away), "Could not load plugin: plugin requires API "
		 "version %d, but this QEMU supports only a minimum version of %d",
		 declared, lowest);
	*errp = (Error *)&asks;
	return 1;
}

static const char *error_text(const Error *err)
{
	assert_ptr_equal(err, &asks);
	return words ? words : turned_away;
}

static void error_free(Error *err)
{
	assert_ptr_equal(err, &asks);
}

void *__wrap_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name)
{
	if (absent && !strcmp(name, absent))
		return NULL;
	if (!strcmp(name, "qemu_plugin_opt_parse"))
		return parse_plugin;
	return !strcmp(name, "qemu_plugin_load_list") ? (void *)load_plugins : &asks;
}

static int reset(void **state)
{
	qemu.has_qmp = true;
	qemu.major = 12;
	qemu.minor = 0;
	qemu.error_get_pretty = error_text;
	qemu.error_free = error_free;
	exe_major = 0;
	lowest = 8;
	words = NULL;
	absent = NULL;
	asks = 0;
	return 0;
}

/* The windows: 0 to 1 up to 8.2, 2 and more from 9.0 on, 7 alone in 11.1. */
static void a_known_series_is_not_asked(void **state)
{
	static const int series[][3] = {
		{ 7, 2, 1 }, { 8, 2, 1 }, { 9, 0, 2 }, { 9, 1, 2 }, { 9, 2, 2 }, { 10, 0, 4 },
		{ 10, 1, 2 }, { 10, 2, 5 }, { 11, 0, 6 }, { 11, 1, 7 },
	};
	size_t i;

	for (i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		qemu.major = series[i][0];
		qemu.minor = series[i][1];
		assert_int_equal(plugin_number_find(&declared), series[i][2]);
	}
	assert_int_equal(asks, 0);
}

/* No number is known for a series to come; whatever its window is, QEMU takes ours. */
static void an_unknown_series_is_asked(void **state)
{
	static const int windows[] = { 0, 2, 7, 8, 40 };
	size_t i;

	for (i = 0; i < 5; i++) {
		lowest = windows[i];
		assert_int_equal(plugin_number_find(&declared), lowest);
		assert_int_equal(asks, i + 1);
		assert_false(plugin_number_in_trial());
	}
}

static void without_an_answer_the_functions_for_plugins_tell_the_number(void **state)
{
	static const char *const odd[] = {
		"", "minimum version of ", "minimum version of -3", "minimum version of x",
		"minimum version of 99999999999",
	};
	size_t i;

	for (i = 0; i < 5; i++) {
		words = odd[i];
		assert_int_equal(plugin_number_find(&declared), 7);
	}
	assert_int_equal(asks, 5);
	words = NULL;
	lowest = -9;
	assert_int_equal(plugin_number_find(&declared), 7);
	absent = "qemu_plugin_load_list";
	assert_int_equal(plugin_number_find(&declared), 7);
	absent = "qemu_plugin_register_vcpu_syscall_filter_cb";
	lowest = -9;
	assert_int_equal(plugin_number_find(&declared), 2);
}

/* Without modules QEMU exports neither its version nor its loader. */
static void a_qemu_without_an_answer_is_not_asked(void **state)
{
	qemu.has_qmp = false;
	assert_int_equal(plugin_number_find(&declared), 7);
	qemu.has_qmp = true;
	qemu.major = 8;
	absent = "qemu_plugin_register_vcpu_syscall_filter_cb";
	assert_int_equal(plugin_number_find(&declared), 2);
	assert_int_equal(asks, 0);
}

/* 11.0 has the functions of 11.1, and refuses its number. */
static void without_modules_the_executable_tells_the_series(void **state)
{
	static const int series[][3] = {
		{ 11, 0, 6 }, { 11, 1, 7 }, { 10, 0, 4 }, { 7, 2, 1 }, { 12, 3, 7 }, { 0, 0, 7 },
	};
	size_t i;

	qemu.has_qmp = false;
	for (i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		qemu.major = 0;
		qemu.minor = 0;
		exe_major = series[i][0];
		exe_minor = series[i][1];
		assert_int_equal(plugin_number_find(&declared), series[i][2]);
	}
	assert_int_equal(asks, 0);
}

static void with_modules_the_executable_is_not_read(void **state)
{
	exe_major = 11;
	assert_int_equal(plugin_number_find(&declared), lowest);
	assert_int_equal(qemu.major, 12);
}

#define RESET_TEST(name) cmocka_unit_test_setup(name, reset)

RUN_TESTS(NULL, NULL,
		RESET_TEST(a_known_series_is_not_asked),
		RESET_TEST(an_unknown_series_is_asked),
		RESET_TEST(without_an_answer_the_functions_for_plugins_tell_the_number),
		RESET_TEST(a_qemu_without_an_answer_is_not_asked),
		RESET_TEST(without_modules_the_executable_tells_the_series),
		RESET_TEST(with_modules_the_executable_is_not_read),
)
