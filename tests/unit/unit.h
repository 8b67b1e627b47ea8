/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every unit test includes: cmocka, the headers that it wants before its own, the test
 * that has a setup() and a teardown() of its file, main(), the end of a child process, and how
 * many files are open.
 */
#ifndef FREEHINT_TEST_UNIT_H
#define FREEHINT_TEST_UNIT_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

/* RUN_TESTS(before, after, test, ...) - the program; what runs before and after all, or NULL */
#define RUN_TESTS(before, after, ...)						\
	int main(void)								\
	{									\
		const struct CMUnitTest tests[] = { __VA_ARGS__ };		\
										\
		return cmocka_run_group_tests(tests, before, after);		\
	}

/** child_status() - wait for the child @pid, which fork() has returned; its wait status */
static inline int child_status(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/** child_exit() - likewise for a child that exits, not by a signal; its exit code */
static inline int child_exit(pid_t pid)
{
	int status = child_status(pid);

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/** open_files() - to be compared with an earlier call; the directory itself counts, too */
static inline unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

#endif /* FREEHINT_TEST_UNIT_H */
