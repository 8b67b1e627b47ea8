// SPDX-License-Identifier: GPL-2.0
/*
 * Loading into QEMU: which series, which options, and no effect
 * where we cannot work. dlsym() is replaced; the file is included for its statics.
 */
/* rig: tests/unit/module_entry_rig.h */
/* links: host-agent/qemu-module/core/qemu_abi.c host-agent/qemu-module/entry/extension.c */
/* flags: -Wl,--wrap=dlsym */
#include "host-agent/qemu-module/entry/module_entry.c"
#include "tests/unit/module_entry_rig.h"

static int major = 7, minor = 2;
static const char *absent;
static char said[512];
static bool tcg = true;

static void nothing(void)
{
}

__attribute__((format(printf, 1, 2))) static void fake_report(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

static QDict *new_dict(void)
{
	return (QDict *)&major;
}

static void version(QDict *args, QObject **ret, Error **errp)
{
	*ret = (QObject *)args;
}

static QDict *member(const QDict *dict, const char *key)
{
	return (QDict *)(uintptr_t)dict;
}

static int64_t number(const QDict *dict, const char *key, int64_t none)
{
	if (!strcmp(key, "major"))
		return major;
	return strcmp(key, "minor") ? none : minor;
}

void *__wrap_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name)
{
	static const struct {
		const char *name;
		void *symbol;
	} known[] = {
		{ "error_report", fake_report }, { "warn_report", fake_report },
		{ "qdict_new", new_dict }, { "qmp_marshal_query_version", version },
		{ "qdict_get_qdict", member }, { "qdict_get_try_int", number },
		{ "tcg_allowed", &tcg },
	};
	size_t i;

	if (absent && !strcmp(name, absent))
		return NULL;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].name))
			return known[i].symbol;
	return nothing;
}

static int reset(void **state)
{
	major = 7;
	minor = 2;
	absent = NULL;
	registered = false;
	first_runs = 0;
	inert = NULL;
	said[0] = '\0';
	return 0;
}

static int load(const char *option)
{
	char *argv[] = { (char *)(uintptr_t)option, NULL };

	choose_plugin_version();
	installed = false;
	return qemu_plugin_install(1, NULL, option ? 1 : 0, argv);
}

/* By a symbolic link, for one: QEMU sees two plugins, the loader one object. */
static void a_second_load_of_the_same_object_has_no_effect(void **state)
{
	char strict[] = "strict=on", *argv[] = { strict, NULL };

	assert_int_equal(load(NULL), 0);
	assert_true(registered);
	registered = false;
	assert_int_equal(qemu_plugin_install(2, NULL, 0, argv), 0);
	assert_false(registered);
	assert_null(inert);
	assert_non_null(strstr(said, "second time"));
	assert_int_equal(qemu_plugin_install(2, NULL, 1, argv), -1);
	assert_false(registered);
}

static void tested_series_load_with_their_plugin_number(void **state)
{
	static const int series[][3] = { { 7, 2, 1 }, { 10, 0, 4 }, { 10, 2, 5 }, { 11, 1, 7 } };
	size_t i;

	for (i = 0; i < 4; i++) {
		major = series[i][0];
		minor = series[i][1];
		registered = false;
		assert_int_equal(load(NULL), 0);
		assert_int_equal(first_runs, 0);
		assert_int_equal(qemu_plugin_version, series[i][2]);
		assert_true(registered);
		assert_null(inert);
		assert_string_equal(memdev, "freehint");
		assert_int_equal(limits.first_wait_us, FREEHINT_FIRST_WAIT_MS * 1000);
		assert_int_equal(limits.later_wait_us, FREEHINT_LATER_WAIT_MS * 1000);
	}
}

/* 11.1 announces a switch to postcopy, older ones do not; of newer ones nothing is known. */
static void how_a_series_switches_to_postcopy_is_known_or_not(void **state)
{
	enum { UNKNOWN = QEMU_SWITCH_UNKNOWN, OUTSIDE = QEMU_SWITCH_OUTSIDE_SYNC };
	static const int series[][3] = {
		{ 7, 2, OUTSIDE }, { 8, 2, OUTSIDE }, { 9, 0, OUTSIDE }, { 9, 2, OUTSIDE },
		{ 10, 0, OUTSIDE }, { 10, 1, OUTSIDE }, { 10, 2, OUTSIDE }, { 11, 0, UNKNOWN },
		{ 11, 1, QEMU_SWITCH_ANNOUNCED }, { 12, 3, UNKNOWN },
	};
	size_t i;

	for (i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		major = series[i][0];
		minor = series[i][1];
		assert_int_equal(load("allow-untested=on"), 0);
		assert_int_equal(qemu.switch_signal, series[i][2]);
	}
	major = 11;
	minor = 1;
	absent = "register_savevm_live";
	assert_int_equal(load(NULL), 0);
	assert_int_equal(qemu.switch_signal, QEMU_SWITCH_UNKNOWN);
}

/* The same command line goes with a machine to hosts whose QEMU is not known. */
static void in_an_untested_series_we_load_without_effect_and_say_why(void **state)
{
	major = 9;
	minor = 1;
	assert_int_equal(load(NULL), 0);
	assert_false(registered);
	assert_non_null(strstr(said, "QEMU 9.1 was never tested, that it works is only "
				"inferred from other series;"));
	assert_non_null(strstr(said, "(7.2, 10.0, 10.2, 11.1)"));
	assert_non_null(strstr(said, "allow-untested=on"));
	assert_non_null(strstr(said, "without effect"));
	assert_non_null(strstr(inert, "QEMU 9.1 was never tested"));
	assert_string_equal(memdev, "freehint");
}

/* Should QEMU's loader take the number that is meant to be turned away. */
static void while_qemu_is_asked_for_the_number_nothing_is_started(void **state)
{
	number_is_asked = true;
	assert_int_equal(load("typo=on"), 0);
	number_is_asked = false;
	assert_false(registered);
	assert_string_equal(said, "");
}

static void where_only_work_is_wanted_qemu_ends(void **state)
{
	major = 9;
	minor = 1;
	assert_int_not_equal(load("strict=on"), 0);
	assert_false(registered);
	assert_null(inert);
	assert_non_null(strstr(said, "QEMU 9.1 was never tested"));
	assert_int_equal(load("strict=off"), 0);
	major = 7;
	minor = 2;
	absent = "gpa2hva";
	assert_int_not_equal(load("strict=on"), 0);
	absent = NULL;
	assert_int_equal(load("strict=on"), 0);
	assert_true(registered);
}

static void an_untested_series_loads_with_a_warning_if_told_so(void **state)
{
	major = 9;
	minor = 1;
	assert_int_equal(load("allow-untested=on"), 0);
	assert_true(registered);
	assert_int_equal(first_runs, 1);
	assert_string_equal(said, "freehint: QEMU 9.1 was never tested, that it works is only inferred "
			    "from other series; this log will say how its first migration with hints went");
	major = 12;
	assert_int_equal(load("allow-untested=on"), 0);
	assert_string_equal(said, "freehint: QEMU 12.1 was never tested; this log will say how its "
			    "first migration with hints went");
}

static void a_missing_symbol_leaves_us_without_effect(void **state)
{
	static const char *const some[] = {
		"qemu_guest_free_page_hint", "gpa2hva", "precopy_add_notifier",
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		absent = some[i];
		inert = NULL;
		assert_int_equal(load("allow-untested=on"), 0);
		assert_false(registered);
		assert_non_null(strstr(inert, some[i]));
		assert_non_null(strstr(said, "without effect"));
	}
}

/* As in a QEMU without modules; even error_report() may be missing. */
static void without_what_commands_need_there_are_none_and_qemu_starts(void **state)
{
	static const char *const some[] = {
		"error_report", "qmp_commands", "qmp_register_command", "qdict_new",
	};
	size_t i;

	for (i = 0; i < 4; i++) {
		absent = some[i];
		assert_int_equal(load(NULL), 0);
		assert_false(registered);
		assert_null(inert);
		assert_string_equal(said, "");
		assert_string_equal(missing, some[i]);
		assert_int_not_equal(load("strict=on"), 0);
		assert_int_not_equal(load("typo=on"), 0);
	}
}

static void a_renamed_symbol_is_found_under_either_name(void **state)
{
	absent = "bql_locked";
	assert_int_equal(load(NULL), 0);
	absent = "qemu_mutex_iothread_locked";
	assert_int_equal(load(NULL), 0);
}

static void tcg_gets_its_tlbs_reset_on_every_series(void **state)
{
	assert_int_equal(load(NULL), 0);
	assert_non_null(qemu.tlb_reset_dirty);
	tcg = false;
	assert_int_equal(load(NULL), 0);
	assert_null(qemu.tlb_reset_dirty);
	tcg = true;
	major = 10;
	minor = 0;
	assert_int_equal(load(NULL), 0);
	assert_non_null(qemu.tlb_reset_dirty);
}

static void memory_is_asked_for_from_the_start_if_an_option_says_so(void **state)
{
	assert_int_equal(load(NULL), 0);
	assert_int_equal(given_params.mode, GIVE_BACK_OFF);
	assert_int_equal(given_params.order, 0);
	assert_int_equal(given_params.leave, 0);
	assert_int_equal(load("give-back=once"), 0);
	assert_int_equal(given_params.mode, GIVE_BACK_ONCE);
	assert_int_equal(load("give-back=always"), 0);
	assert_int_equal(given_params.mode, GIVE_BACK_ALWAYS);
	assert_int_equal(load("give-back-order=10"), 0);
	assert_int_equal(given_params.order, 10);
	assert_int_equal(load("give-back-leave=512"), 0);
	assert_int_equal(given_params.leave, 512);
}

static void options_are_taken(void **state)
{
	assert_int_equal(load("memdev=other"), 0);
	assert_string_equal(memdev, "other");
	assert_int_equal(load("first-wait-ms=0"), 0);
	assert_int_equal(limits.first_wait_us, 0);
	assert_int_not_equal(limits.later_wait_us, 0);
	assert_int_equal(load("first-wait-ms=1000"), 0);
	assert_int_equal(limits.first_wait_us, 1000000);
	assert_int_equal(load("later-wait-ms=7"), 0);
	assert_int_equal(limits.later_wait_us, 7000);
	assert_int_equal(load("allow-untested=off"), 0);
	assert_null(limits.start);
	assert_int_equal(load("autostart=on"), 0);
	assert_ptr_equal(limits.start, commands_start);
	assert_false(audited);
	assert_int_equal(load("audit=on"), 0);
	assert_true(audited);
}

static void bad_options_are_refused_by_name(void **state)
{
	static const char *const bad[] = {
		"memdev", "memdev=", "first-wait-ms=1001", "first-wait-ms=-1",
		"first-wait-ms=5x", "first-wait-ms=", "later-wait-ms=1001",
		"allow-untested=maybe", "autostart=perhaps", "audit=some", "typo=on", "memdevx=a",
		"strict=very", "give-back=sometimes", "give-back=", "give-back-order=0",
		"give-back-order=19", "give-back-leave=-1",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reset(NULL);
		assert_int_not_equal(load(bad[i]), 0);
		assert_false(registered);
		assert_non_null(strstr(said, bad[i]));
	}
}

#define RESET_TEST(name) cmocka_unit_test_setup(name, reset)

RUN_TESTS(NULL, NULL,
		RESET_TEST(tested_series_load_with_their_plugin_number),
		RESET_TEST(a_second_load_of_the_same_object_has_no_effect),
		RESET_TEST(how_a_series_switches_to_postcopy_is_known_or_not),
		RESET_TEST(in_an_untested_series_we_load_without_effect_and_say_why),
		RESET_TEST(while_qemu_is_asked_for_the_number_nothing_is_started),
		RESET_TEST(where_only_work_is_wanted_qemu_ends),
		RESET_TEST(an_untested_series_loads_with_a_warning_if_told_so),
		RESET_TEST(a_missing_symbol_leaves_us_without_effect),
		RESET_TEST(without_what_commands_need_there_are_none_and_qemu_starts),
		RESET_TEST(a_renamed_symbol_is_found_under_either_name),
		RESET_TEST(tcg_gets_its_tlbs_reset_on_every_series),
		RESET_TEST(options_are_taken),
		RESET_TEST(memory_is_asked_for_from_the_start_if_an_option_says_so),
		RESET_TEST(bad_options_are_refused_by_name),
)
