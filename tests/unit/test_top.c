// SPDX-License-Identifier: GPL-2.0
/*
 * freehint top on a host where no agent has run since it was booted: an empty list, unless the user
 * has named the directory that is not there. And no line is wider than the terminal.
 */
/* links: host-agent/cli/status/top.c host-agent/cli/terminal/interrupts.c */
/* links: host-agent/cli/options/option_number.c host-agent/cli/options/common_options.c */
/* links: host-agent/cli/terminal/complain.c host-agent/cli/terminal/progress.c */
/* links: host-agent/cli/terminal/terminal.c */
/* links: host-agent/cli/terminal/printable_line.c host-agent/common/printable.c */
/* links: host-agent/common/standard_streams.c */
/* libs: jansson */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host-agent/cli/commands.h"
#include "host-agent/cli/status/metrics_file.h"
#include "tests/unit/unit.h"

#define DIRECTORY	"/run/freehint-metrics"

static const char *asked;
static int answer;
/* Standard output, unless it is a file: -1. */
static int terminal = -1;
static char text[2][1024];

/* Instead of the real ones: no directory of this host is read. */
int metrics_file_all(const char *path, struct metrics_file **all, size_t *count)
{
	asked = path;
	return answer;
}

const char *metrics_file_state(const struct metrics_file *vm)
{
	return "idle";
}

static void read_back(FILE *file, char *to)
{
	rewind(file);
	to[fread(to, 1, sizeof(text[0]) - 1, file)] = '\0';
	fclose(file);
	fputs(to, stderr);
}

/* Return: the exit status of top with these options; @text is what it said to both outputs. */
static enum cli_exit run_with(const char *option, const char *more)
{
	char word[2][16] = { "top", "--once" };
	char *argv[] = { word[0], word[1], (char *)option, (char *)more, NULL };
	int kept[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
	FILE *said[2] = { tmpfile(), tmpfile() };
	enum cli_exit code;
	int i;

	fflush(stdout);
	for (i = 0; i < 2; i++) {
		assert_non_null(said[i]);
		dup2(i || terminal < 0 ? fileno(said[i]) : terminal, STDOUT_FILENO + i);
	}
	code = cli_top(option ? more ? 4 : 3 : 2, argv);
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		dup2(kept[i], STDOUT_FILENO + i);
		close(kept[i]);
		read_back(said[i], text[i]);
	}
	return code;
}

static void no_agent_since_the_boot_is_an_empty_list(void **state)
{
	answer = -ENOENT;
	assert_int_equal(run_with("--json", NULL), CLI_OK);
	assert_string_equal(asked, DIRECTORY);
	assert_string_equal(text[0], "[]\n");
	assert_non_null(strstr(text[1], "there is no " DIRECTORY ": no agent with --metrics has"));
	assert_int_equal(run_with(NULL, NULL), CLI_OK);
	assert_non_null(strstr(text[0], "NAME, MB"));
}

/* A table clears the terminal, and nothing in a file. */
static void a_file_gets_the_note_once(void **state)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY);

	if (pty < 0 || grantpt(pty) || unlockpt(pty))
		skip();
	terminal = open(ptsname(pty), O_RDWR | O_NOCTTY);
	answer = -ENOENT;
	run_with(NULL, NULL);
	assert_int_equal(run_with(NULL, NULL), CLI_OK);
	assert_string_equal(text[1], "");
	close(terminal);
	close(pty);
	terminal = -1;
}

/* A line of two terminal lines would push the first machines out of sight. */
static void lines_are_as_wide_as_the_terminal(void **state)
{
	const struct winsize narrow = { .ws_row = 5, .ws_col = 40 };
	int pty = posix_openpt(O_RDWR | O_NOCTTY);
	char drawn[1024], *line;
	ssize_t got;

	if (pty < 0 || grantpt(pty) || unlockpt(pty))
		skip();
	terminal = open(ptsname(pty), O_RDWR | O_NOCTTY);
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &narrow), 0);
	answer = 0;
	assert_int_equal(run_with(NULL, NULL), CLI_OK);
	got = read(pty, drawn, sizeof(drawn) - 1);
	assert_true(got > 0);
	drawn[got] = '\0';
	line = strstr(drawn, "NAME, MB");
	assert_non_null(line);
	assert_int_equal(strcspn(line, "\r\n"), 40);
	close(terminal);
	close(pty);
	terminal = -1;
}

static void a_directory_that_was_named_has_to_be_there(void **state)
{
	answer = -ENOENT;
	assert_int_equal(run_with("--json", "--directory=" DIRECTORY), CLI_NO_ANSWER);
	assert_string_equal(text[0], "");
	assert_non_null(strstr(text[1], "cannot read " DIRECTORY ": No such file or directory; no "
			       "agent with --metrics"));
}

static void any_other_error_is_one(void **state)
{
	answer = -EACCES;
	assert_int_equal(run_with("--json", NULL), CLI_NO_ANSWER);
	assert_non_null(strstr(text[1], "cannot read " DIRECTORY ": Permission denied"));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(no_agent_since_the_boot_is_an_empty_list),
		cmocka_unit_test(a_file_gets_the_note_once),
		cmocka_unit_test(lines_are_as_wide_as_the_terminal),
		cmocka_unit_test(a_directory_that_was_named_has_to_be_there),
		cmocka_unit_test(any_other_error_is_one),
)
