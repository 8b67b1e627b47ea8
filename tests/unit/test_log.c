// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of the log: each begins with the name of the program that writes it. What QEMU says is
 * a part of a line, and makes neither another line nor something that a terminal would obey.
 */
/* links: host-agent/common/log.c */
/* links: host-agent/common/printable.c */
#include <unistd.h>

#include "host-agent/common/log.h"
#include "tests/unit/unit.h"

static char line[1024];

/* What is written for @text, in @line. */
static void say(const char *text)
{
	int kept = dup(STDERR_FILENO), ends[2];
	ssize_t len;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_error("QEMU said %s", text);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	len = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	assert_true(len > 0);
	line[len] = '\0';
}

/* Return: what is written for @text, behind the time. */
static const char *logged(const char *text)
{
	const char *at;

	say(text);
	at = strstr(line, "error: ");
	assert_non_null(at);
	return at;
}

static void a_line_has_the_name_of_its_program(void **state)
{
	say("nothing");
	assert_int_equal(strncmp(line, "test_log: ", 10), 0);
}

static void plain_text_stays(void **state)
{
	assert_string_equal(logged("\xc3\xa9 at 5 \xc2\xb5s"),
			    "error: QEMU said \xc3\xa9 at 5 \xc2\xb5s\n");
}

static void a_text_cannot_command_a_terminal(void **state)
{
	assert_string_equal(logged("a\x1b]0;x\x07 b\xc2\x9b""2J\x7f"),
			    "error: QEMU said a?]0;x? b?2J?\n");
}

static void a_text_makes_no_other_line(void **state)
{
	assert_string_equal(logged("a\r\nfreehint-agent: all is well"),
			    "error: QEMU said a??freehint-agent: all is well\n");
}

/* A character of two bytes begins at each second byte, odd or even. */
static void a_long_text_is_cut_between_characters(void **state)
{
	char text[600] = "";
	int odd;

	for (odd = 0; odd < 2; odd++) {
		memset(text, 'x', 2);
		while (strlen(text) + 2 < sizeof(text))
			strcat(text, "\xc3\xa9");
		assert_int_equal(strlen(strchr(logged(text + odd), '\n')), 1);
		assert_int_equal(strncmp(strchr(line, '\n') - 2, "\xc3\xa9", 2), 0);
		text[0] = '\0';
	}
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_line_has_the_name_of_its_program),
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(a_text_cannot_command_a_terminal),
		cmocka_unit_test(a_text_makes_no_other_line),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
)
