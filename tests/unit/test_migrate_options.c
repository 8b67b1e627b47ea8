// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of freehint migrate: a destination that is none is refused by its name.
 */
/* links: host-agent/cli/migrate/migrate_options.c host-agent/cli/options/option_number.c */
/* links: host-agent/cli/options/common_options.c */
#include <sys/wait.h>
#include <unistd.h>

#include "host-agent/cli/migrate/migrate_options.h"
#include "tests/unit/unit.h"

#define WRONG_USAGE	7

static char text[4096];

/* Return: the exit status of a process that parses it; what that said is in @text. */
static int parse(const char *uri)
{
	char word[][32] = { "freehint migrate", "--qmp", "socket", "" };
	char *argv[] = { word[0], word[1], word[2], word[3], NULL };
	struct migrate_options opt = { 0 };
	FILE *said = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(said);
	snprintf(word[3], sizeof(word[3]), "%s", uri);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fileno(said), STDERR_FILENO);
		argp_err_exit_status = WRONG_USAGE;
		_exit(argp_parse(&migrate_argp, 4, argv, 0, NULL, &opt) || strcmp(opt.uri, uri));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rewind(said);
	text[fread(text, 1, sizeof(text) - 1, said)] = '\0';
	fclose(said);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_word_is_no_destination(void **state)
{
	assert_int_equal(parse("foo"), WRONG_USAGE);
	assert_non_null(strstr(text, "foo is no URI, give one such as tcp:host2:4444"));
}

static void destinations_are_taken(void **state)
{
	static const char *const uris[] = { "tcp:host2:4444", "unix:/run/there", "exec:cat" };
	size_t i;

	for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_int_equal(parse(uris[i]), 0);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_word_is_no_destination),
		cmocka_unit_test(destinations_are_taken),
)
