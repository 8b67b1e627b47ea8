// SPDX-License-Identifier: GPL-2.0
/*
 * The command line: defaults, every option, and the exit code of wrong usage.
 */
/* links: host-agent/agent/conf/conf.c host-agent/common/log.c */
/* links: host-agent/common/printable.c */
/* links: host-agent/common/pressure_trigger.c */
#include <unistd.h>

#include "host-agent/agent/conf/conf.h"
#include "include/freehint/limits.h"
#include "tests/unit/unit.h"

#define MAX_ARGS 16

static void split(char *line, int *argc, char **argv)
{
	char *word = strtok(line, " ");

	*argc = 0;
	argv[(*argc)++] = (char *)"freehint-agent";
	for (; word; word = strtok(NULL, " "))
		argv[(*argc)++] = word;
	argv[*argc] = NULL;
}

static struct conf parse(char *line)
{
	char *argv[MAX_ARGS];
	struct conf conf;
	int argc;

	split(line, &argc, argv);
	conf_parse(&conf, argc, argv);
	return conf;
}

/* Return: exit code of a child that parses @text. */
static int exit_code(const char *text)
{
	char line[256];
	pid_t pid;

	snprintf(line, sizeof(line), "%s", text);
	pid = fork();
	if (!pid) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(99);
		parse(line);
		_exit(98);
	}
	return child_exit(pid);
}

static void defaults(void **state)
{
	char line[] = "--qmp /run/q --shm /dev/shm/f";
	struct conf conf = parse(line);

	assert_string_equal(conf.qmp, "/run/q");
	assert_string_equal(conf.shm, "/dev/shm/f");
	assert_null(conf.user);
	assert_null(conf.metrics);
	assert_false(conf.json);
	assert_false(conf.once);
	assert_int_equal(conf.level, LOG_LEVEL_INFO);
	assert_int_equal(conf.poll_us, FREEHINT_POLL_FAST_US);
	assert_int_equal(conf.give_up_us, 0);
	assert_int_equal(conf.give_back, GIVE_BACK_POLICY_OFF);
	assert_int_equal(conf.leave_mib, 0);
	assert_string_equal(conf.pressure, "/proc/pressure/memory");
}

static void every_option(void **state)
{
	char line[] = "--qmp=q --shm=f --json --once --log-level debug --poll-us 250 "
		      "--user nobody --metrics m.prom --give-up 60";
	struct conf conf = parse(line);

	assert_true(conf.json);
	assert_true(conf.once);
	assert_int_equal(conf.level, LOG_LEVEL_DEBUG);
	assert_int_equal(conf.poll_us, 250);
	assert_string_equal(conf.user, "nobody");
	assert_string_equal(conf.metrics, "m.prom");
	assert_int_equal(conf.give_up_us, 60000000);
}

static void every_way_to_give_back(void **state)
{
	static const char *const names[GIVE_BACK_POLICIES] = {
		[GIVE_BACK_POLICY_OFF] = "off", [GIVE_BACK_POLICY_ONCE] = "once",
		[GIVE_BACK_POLICY_ALWAYS] = "always", [GIVE_BACK_POLICY_PRESSURE] = "pressure",
	};
	enum give_back_choice policy;
	struct conf conf;
	char line[128];

	for (policy = 0; policy < GIVE_BACK_POLICIES; policy++) {
		snprintf(line, sizeof(line), "--qmp q --shm f --give-back %s --leave 512 "
			 "--pressure-file p", names[policy]);
		conf = parse(line);
		assert_int_equal(conf.give_back, policy);
		assert_int_equal(conf.leave_mib, 512);
		assert_string_equal(conf.pressure, "p");
	}
}

/* As the unit passes on an empty line of /etc/freehint/NAME, and a time that never comes. */
static void none_and_never_can_be_said(void **state)
{
	char line[] = "--qmp=q --shm=f --metrics=m.prom --metrics= --give-up=60 --give-up=0 "
		      "--pressure-file=";
	struct conf conf = parse(line);

	assert_null(conf.metrics);
	assert_int_equal(conf.give_up_us, 0);
}

/* What a child that parses @text says on standard error. */
static const char *complaint(const char *text)
{
	static char said[4096];
	char line[256];
	int ends[2];
	ssize_t len;
	pid_t pid;

	snprintf(line, sizeof(line), "%s", text);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDERR_FILENO);
		parse(line);
		_exit(98);
	}
	close(ends[1]);
	assert_int_equal(child_exit(pid), AGENT_EXIT_USAGE);
	len = read(ends[0], said, sizeof(said) - 1);
	said[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	return said;
}

static void an_empty_value_is_named(void **state)
{
	static const char *const names[] = {
		"qmp", "shm", "user", "log-level", "poll-us", "give-up", "give-back", "leave",
	};
	char line[128], said[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "--qmp q --shm f --%s=", names[i]);
		snprintf(said, sizeof(said), "--%s has an empty value", names[i]);
		assert_non_null(strstr(complaint(line), said));
	}
	/* Nobody looks at that file with another policy. */
	assert_non_null(strstr(complaint("--qmp q --shm f --give-back=pressure --pressure-file="),
			       "--pressure-file has an empty value"));
}

static void wrong_usage_exits_with_one(void **state)
{
	static const char *const wrong[] = {
		"", "--qmp q", "--shm f", "--qmp q --shm f more", "--qmp q --shm f --never",
		"--qmp q --shm f --log-level loud", "--qmp q --shm f --poll-us 0",
		"--qmp q --shm f --poll-us x", "--qmp q --shm f --poll-us 99999999",
		"--qmp q --shm f --give-up soon", "--qmp q --shm f --give-up 1000000",
		"--qmp q --shm f --give-up -1", "--qmp q --shm f --give-back sometimes",
		"--qmp q --shm f --leave -1", "--qmp q --shm f --leave much",
		"--qmp q --shm f --leave 99999999999",
		/* 1000, 60 and 512 in 64 bits */
		"--qmp q --shm f --poll-us=-18446744073709550616",
		"--qmp q --shm f --give-up=-18446744073709551556",
		"--qmp q --shm f --leave=-18446744073709551104",
		"--qmp q --shm f --poll-us=+1000", "--qmp q --shm f --leave=",
		"--qmp /0123456789/0123456789/0123456789/0123456789/0123456789/0123456789"
		"/0123456789/0123456789/0123456789/0123456789 --shm f",
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(exit_code(wrong[i]), AGENT_EXIT_USAGE);
}

static void help_and_version_exit_with_zero(void **state)
{
	assert_int_equal(exit_code("--help"), 0);
	assert_int_equal(exit_code("--version"), 0);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(every_way_to_give_back),
		cmocka_unit_test(none_and_never_can_be_said),
		cmocka_unit_test(an_empty_value_is_named),
		cmocka_unit_test(wrong_usage_exits_with_one),
		cmocka_unit_test(help_and_version_exit_with_zero),
)
