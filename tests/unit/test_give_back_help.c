// SPDX-License-Identifier: GPL-2.0
/*
 * The help of freehint give-back names the limits and defaults that the extension has.
 */
/* links: host-agent/cli/give-back/give_back_options.c host-agent/cli/options/option_number.c */
/* links: host-agent/cli/options/common_options.c */
#include <ctype.h>

#include "host-agent/cli/give-back/give_back_options.h"
#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"
#include "tests/unit/unit.h"

/* Lines of a help text end anywhere. */
static void make_one_line(char *text)
{
	char *to = text;
	bool blank = false;

	for (; *text; text++) {
		if (!isspace((unsigned char)*text))
			*to++ = *text;
		else if (!blank)
			*to++ = ' ';
		blank = isspace((unsigned char)*text);
	}
	*to = '\0';
}

static void expect_help(const char *expected)
{
	char name[] = "freehint give-back";
	char *said = NULL;
	size_t len;
	FILE *file = open_memstream(&said, &len);

	assert_non_null(file);
	argp_help(&give_back_argp, file, ARGP_HELP_LONG, name);
	fclose(file);
	make_one_line(said);
	if (!strstr(said, expected))
		fail_msg("not said: %s; said: %s", expected, said);
	free(said);
}

static void order_is_that_of_the_extension(void **state)
{
	char expected[128];

	snprintf(expected, sizeof(expected), "1 to %d (default %d, %d KiB; with --always %d, %d MiB)",
		 FREEHINT_BLOCK_MAX_ORDER, FREEHINT_GIVE_BACK_ORDER_ONCE,
		 4 << FREEHINT_GIVE_BACK_ORDER_ONCE, FREEHINT_GIVE_BACK_ORDER_ALWAYS,
		 4 << FREEHINT_GIVE_BACK_ORDER_ALWAYS >> 10);
	expect_help(expected);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(order_is_that_of_the_extension),
)
