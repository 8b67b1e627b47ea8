// SPDX-License-Identifier: GPL-2.0
/*
 * A program that ends in the sandbox and has lost output says so, and needs no unlisted call.
 */
/* links: host-agent/agent/sandbox/isolation.c host-agent/agent/sandbox/syscall_filter.c */
/* links: host-agent/common/log.c host-agent/common/printable.c */
/* links: host-agent/common/standard_streams.c */
/* libs: libseccomp libcap-ng */
#include <unistd.h>

#include "host-agent/agent/sandbox/isolation.h"
#include "host-agent/agent/sandbox/syscall_filter.h"
#include "host-agent/common/standard_streams.h"
#include "tests/unit/unit.h"

#define LOST	9

/* Body of a child whose output cannot be closed, as on a network file system that is full. */
static void lose_output(int err)
{
	dup2(err, STDERR_FILENO);
	streams_init(LOST);
	if (isolation_start() || syscall_filter_seal(EVENT_BACKEND_POLL))
		_exit(99);
	close(STDOUT_FILENO);
	exit(0);
}

static void lost_output_is_told_in_the_sandbox(void **state)
{
	char text[256] = "";
	int err[2];
	pid_t pid;

	assert_int_equal(pipe(err), 0);
	fflush(stdout);
	pid = fork();
	if (!pid)
		lose_output(err[1]);
	close(err[1]);
	assert_int_equal(child_exit(pid), LOST);
	assert_true(read(err[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "test_syscall_filter_exit: cannot write the output: "));
	close(err[0]);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(lost_output_is_told_in_the_sandbox),
)
