// SPDX-License-Identifier: GPL-2.0
/*
 * doctor on the agent's user: a name that nobody has is wrong, whatever else there is to check.
 */
/* links: host-agent/cli/doctor/check_access.c */
#include "host-agent/cli/doctor/check_access.h"
#include "host-agent/cli/terminal/findings.h"
#include "tests/unit/unit.h"

static char wronged[256];
static unsigned int others;

void finding_ok(const char *fmt, ...)
{
	others++;
}

void finding_note(const char *fmt, ...)
{
	others++;
}

void finding_wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(wronged, sizeof(wronged), fmt, args);
	va_end(args);
}

static void a_user_that_does_not_exist_is_wrong(void **state)
{
	check_access("freehint-nobody-has-this", NULL, NULL);
	assert_string_equal(wronged, "user freehint-nobody-has-this does not exist, give another "
			    "with --user");
}

static void without_a_file_there_is_no_access_to_check(void **state)
{
	wronged[0] = '\0';
	check_access(NULL, NULL, NULL);
	check_access("root", NULL, NULL);
	assert_string_equal(wronged, "");
	assert_int_equal(others, 0);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_user_that_does_not_exist_is_wrong),
		cmocka_unit_test(without_a_file_there_is_no_access_to_check),
)
