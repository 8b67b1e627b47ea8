// SPDX-License-Identifier: GPL-2.0
/*
 * --extension takes the paths that a domain can have and that are recognised in it afterwards,
 * and says what is wrong with others. Without it, the installed extension is taken.
 */
/* links: host-agent/cli/domain/extension_option.c host-agent/cli/domain/installed_extension.c */
/* links: host-agent/cli/domain/qemu_args.c host-agent/cli/text/text.c */
/* libs: libxml-2.0 */
#include "host-agent/cli/domain/extension_option.h"
#include "tests/unit/unit.h"

/* What the user is told. */
static char said[1024];

/* --builtin was given. */
static bool builtin;

/* In argp's parser, as the commands call it. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct domain_target *target = state->input;

	if (key == 'e')
		target->extension = arg;
	else if (key == 'b')
		builtin = true;
	else if (key == ARGP_KEY_END)
		extension_option_settle(target, builtin, state);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static struct domain_target settle(char *option)
{
	static const struct argp_option options[] = {
		{ "extension", 'e', "PATH", 0, NULL, 0 },
		{ "builtin", 'b', NULL, 0, NULL, 0 },
		{ 0 },
	};
	const struct argp argp = { .options = options, .parser = parse };
	struct domain_target target = { .extension = NULL };
	char name[] = "freehint", *args[] = { name, option, NULL };
	FILE *err = stderr;

	builtin = false;
	memset(said, 0, sizeof(said));
	stderr = fmemopen(said, sizeof(said) - 1, "w");
	assert_non_null(stderr);
	argp_parse(&argp, option ? 2 : 1, args, ARGP_NO_EXIT, NULL, &target);
	fclose(stderr);
	stderr = err;
	return target;
}

static void takes(const char *path)
{
	struct domain_target target;
	char option[256];

	snprintf(option, sizeof(option), "--extension=%s", path);
	target = settle(option);
	assert_string_equal(target.extension, path);
	assert_true(target.replace);
	assert_string_equal(said, "");
}

static void refuses(const char *path, const char *why)
{
	char option[256];

	snprintf(option, sizeof(option), "--extension=%s", path);
	settle(option);
	if (!strstr(said, why))
		print_error("'%s' does not say '%s'\n", said, why);
	assert_non_null(strstr(said, why));
}

static void a_path_that_is_recognised_is_taken(void **state)
{
	takes("/opt/freehint-qemu.so");
	takes("/opt/a, b='c' & \xc3\xa9/freehint-qemu.so");
	takes("/opt/freehint-qemu.so.2");
}

static void another_path_is_refused(void **state)
{
	refuses("freehint-qemu.so", "a path from the root");
	refuses("", "a path from the root");
	refuses("/opt/fh.so", "/opt/fh.so, but freehint knows its extension");
	refuses("/opt/freehint-qemu", "give the file this name");
	refuses("/opt/\n/freehint-qemu.so", "control character");
	refuses("/opt/\xff/freehint-qemu.so", "not UTF-8");
}

static void without_the_option_it_is_the_installed_one(void **state)
{
	struct domain_target target = settle(NULL);

	assert_non_null(strstr(target.extension, "/freehint-qemu.so"));
	assert_false(target.replace);
	assert_string_equal(said, "");
}

static void built_in_is_a_wish_too(void **state)
{
	char option[] = "--builtin";
	struct domain_target target = settle(option);

	assert_null(target.extension);
	assert_true(target.replace);
	assert_string_equal(said, "");
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_path_that_is_recognised_is_taken),
		cmocka_unit_test(another_path_is_refused),
		cmocka_unit_test(without_the_option_it_is_the_installed_one),
		cmocka_unit_test(built_in_is_a_wish_too),
)
