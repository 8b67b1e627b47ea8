// SPDX-License-Identifier: GPL-2.0
/*
 * Texts of others: what a terminal would obey, or does not show, is a question mark.
 * Characters of other languages stay, and none is cut in two.
 */
/* links: host-agent/common/printable.c host-agent/cli/terminal/printable_line.c */
#include "host-agent/cli/terminal/printable_line.h"
#include "host-agent/common/printable.h"
#include "tests/unit/unit.h"

static const char *copied(const char *text)
{
	static char copy[64];

	printable_copy(copy, sizeof(copy), text);
	return copy;
}

static void plain_text_stays(void **state)
{
	assert_string_equal(copied(""), "");
	assert_string_equal(copied("a ~\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
			    "a ~\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void controls_are_question_marks(void **state)
{
	assert_string_equal(copied("a\x1b]0;x\x07\n\x7f"), "a?]0;x???");
	/* of eight bits, in UTF-8 */
	assert_string_equal(copied("\xc2\x80" "\xc2\x9b" "2J\xc2\xa0"), "??2J\xc2\xa0");
}

static void marks_that_turn_or_hide_text_are_question_marks(void **state)
{
	assert_string_equal(copied("A\xe2\x80\xae" "B\xe2\x80\x8b\xef\xbb\xbf\xc2\xad"), "A?B???");
	assert_string_equal(copied("\xe2\x81\xa6\xe2\x80\xa8\xf3\xa0\x81\x81"), "???");
}

/* One mark for each byte, as nobody knows where a character begins. */
static void what_is_no_utf_8_is_question_marks(void **state)
{
	assert_string_equal(copied("cut\xe2\x80"), "cut??");
	/* too long for its code, a surrogate, above the last code */
	assert_string_equal(copied("\xff\xc0\xaf\xed\xa0\x80z"), "??????z");
	assert_string_equal(copied("\xe0\x80\xaf\xf4\x90\x80\x80"), "???????");
}

static void no_character_is_cut_in_two(void **state)
{
	char small[4];

	printable_copy(small, sizeof(small), "ab\xc3\xa9");
	assert_string_equal(small, "ab");
	printable_copy(small, sizeof(small), "a\xc3\xa9");
	assert_string_equal(small, "a\xc3\xa9");
	printable_copy(small, 1, "a");
	assert_string_equal(small, "");
}

static void a_line_is_printable_as_a_whole(void **state)
{
	char line[64] = "";
	FILE *to = fmemopen(line, sizeof(line), "w");

	assert_non_null(to);
	printable_line(to, "%s has %d\x1b", "vm\n1", 5);
	fclose(to);
	assert_string_equal(line, "vm?1 has 5?\n");
}

static void the_width_is_in_characters(void **state)
{
	assert_int_equal(printable_width(""), 0);
	assert_int_equal(printable_width("a\xc3\xa9\xe2\x82\xac"), 3);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(controls_are_question_marks),
		cmocka_unit_test(marks_that_turn_or_hide_text_are_question_marks),
		cmocka_unit_test(what_is_no_utf_8_is_question_marks),
		cmocka_unit_test(no_character_is_cut_in_two),
		cmocka_unit_test(a_line_is_printable_as_a_whole),
		cmocka_unit_test(the_width_is_in_characters),
)
