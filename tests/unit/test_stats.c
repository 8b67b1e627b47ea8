// SPDX-License-Identifier: GPL-2.0
/*
 * What the summary of a migration says of its first hint.
 */
/* links: host-agent/agent/migration/stats.c host-agent/agent/migration/migration_phase.c */
/* libs: jansson */
#include <stdarg.h>

#include "host-agent/agent/migration/stats.h"
#include "host-agent/common/log.h"
#include "tests/unit/unit.h"

static char printed[2048];

/* In place of log.c. */
void log_output(const char *line, size_t len)
{
	assert_true(len < sizeof(printed));
	memcpy(printed, line, len);
	printed[len] = '\0';
}

void log_line(enum log_level level, const char *format, ...)
{
	fail_msg("unexpected: %s", format);
}

static bool says(u64 accepted, u64 first_us, const char *text)
{
	static const struct agent_stats agent;
	static const struct freehint_status before = { .pages_accepted = 10 };
	const struct freehint_status after = {
		.pages_accepted = 10 + accepted, .first_apply_us = first_us,
	};
	const struct migration_summary sum = {
		.agent = &agent, .before = &before, .after = &after,
	};

	stats_print_summary(&sum, false);
	return strstr(printed, text);
}

static int setup(void **state)
{
	return 0;
}

static int teardown(void **state)
{
	return 0;
}

static void the_first_hint_has_its_time(void **state)
{
	assert_true(says(5, 1500, "first hint applied after 1.5 ms"));
	assert_true(says(0, 0, "no hint applied"));
}

/* QEMU forgets the rounds of a migration when the next one begins. */
static void a_hint_of_an_earlier_migration_has_no_time(void **state)
{
	assert_true(says(5, 0, "first hint not timed"));
}

RUN_TESTS(NULL, NULL,
		TEST(the_first_hint_has_its_time),
		TEST(a_hint_of_an_earlier_migration_has_no_time),
)
