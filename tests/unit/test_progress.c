// SPDX-License-Identifier: GPL-2.0
/*
 * The line that shows how a migration goes: a bar where there is room for one, which a
 * terminal of 80 columns has, and never a column too many.
 */
/* links: host-agent/cli/terminal/progress.c host-agent/cli/terminal/terminal.c */
/* libs: jansson */
#include "host-agent/cli/terminal/progress.h"
#include "tests/unit/unit.h"

/* A migration of a guest of 8 GiB, or of one that is large. */
static json_t *migration(const char *status, double scale)
{
	return json_pack("{s:s, s:{s:f, s:f, s:f, s:f, s:f, s:f}}", "status", status, "ram",
			 "total", 8e9 * scale, "remaining", 2e9 * scale,
			 "transferred", 1e9 * scale, "dirty-sync-count", 3.0,
			 "mbps", 9400.0, "dirty-pages-rate", 1000.0);
}

static void draw(char *line, const char *status, double scale, unsigned int columns)
{
	json_t *migrate = migration(status, scale), *hints;

	hints = json_pack("{s:{s:f}}", "counters", "bytes-skipped", 5e9 * scale);
	progress_line(line, migrate, hints, 0, columns);
	json_decref(migrate);
	json_decref(hints);
}

static void eighty_columns_have_a_bar_and_numbers(void **state)
{
	static const char *const status[] = {
		"active", "postcopy-active", "postcopy-recover-setup", "pre-switchover",
	};
	char line[PROGRESS_LINE];
	size_t i;

	for (i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
		draw(line, status[i], 1, 80);
		assert_non_null(strstr(line, " [########"));
		assert_non_null(strstr(line, "] 2000 MB left"));
		assert_int_equal(strncmp(line, status[i], strlen(status[i])), 0);
		assert_true(strlen(line) < 80);
	}
}

static void the_bar_is_as_long_as_what_is_done(void **state)
{
	char line[PROGRESS_LINE], *bar;

	draw(line, "active", 1, 200);
	bar = strchr(line, '[') + 1;
	assert_int_equal(strspn(bar, "#"), 30);
	assert_int_equal(strspn(bar + 30, "."), 10);
}

static void no_width_is_exceeded(void **state)
{
	char line[PROGRESS_LINE];
	unsigned int columns;

	for (columns = 1; columns < 400; columns++) {
		draw(line, "postcopy-recover-setup", 1, columns);
		assert_true(strlen(line) < columns);
		draw(line, "active", 1e6, columns);
		assert_true(strlen(line) < columns);
	}
}

static void without_a_terminal_everything_is_told_and_nothing_drawn(void **state)
{
	char line[PROGRESS_LINE];

	draw(line, "active", 1, 0);
	assert_string_equal(line, "active, 2000 MB left, 1000 MB sent, 5000 MB kept off, pass 3, "
				  "9400 Mbit/s, dirty 4 MB/s");
}

static void an_answer_without_numbers_is_shown(void **state)
{
	json_t *migrate = json_pack("{s:s}", "status", "setup");
	char line[PROGRESS_LINE];

	progress_line(line, migrate, NULL, 0, 80);
	assert_int_equal(strncmp(line, "setup [..", 9), 0);
	progress_line(line, NULL, NULL, 0, 80);
	assert_int_equal(strncmp(line, "none [..", 8), 0);
	json_decref(migrate);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(eighty_columns_have_a_bar_and_numbers),
		cmocka_unit_test(the_bar_is_as_long_as_what_is_done),
		cmocka_unit_test(no_width_is_exceeded),
		cmocka_unit_test(without_a_terminal_everything_is_told_and_nothing_drawn),
		cmocka_unit_test(an_answer_without_numbers_is_shown),
)
