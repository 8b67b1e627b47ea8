// SPDX-License-Identifier: GPL-2.0
/*
 * The sandbox: what is listed works, what is not ends the process with SIGSYS.
 * Every case runs in a child, for there is no way out of a sandbox.
 */
/* links: host-agent/agent/sandbox/isolation.c host-agent/agent/sandbox/syscall_filter.c */
/* links: host-agent/common/log.c host-agent/common/printable.c */
/* libs: libseccomp libcap-ng */
#define _GNU_SOURCE
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host-agent/agent/sandbox/isolation.h"
#include "host-agent/agent/sandbox/syscall_filter.h"
#include "host-agent/common/log.h"
#include "include/freehint/types.h"
#include "tests/unit/forbidden.h"
#include "tests/unit/unit.h"

/* Run @body sealed, with an event loop of kind @backend; Return: wait status of the child. */
static int sealed_with(enum event_backend backend, void (*body)(void))
{
	pid_t pid = fork();
	int null;

	if (!pid) {
		/* The line about the system call is not for the test's log. */
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		if (isolation_start() || isolation_identity(NULL) || syscall_filter_seal(backend))
			_exit(99);
		body();
		_exit(0);
	}
	return child_status(pid);
}

static int sealed(void (*body)(void))
{
	return sealed_with(EVENT_BACKEND_RING, body);
}

static void check_fine(int status)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_fine(void (*body)(void))
{
	check_fine(sealed(body));
}

static const struct forbidden *tried;

static void do_forbidden(void)
{
	const long *arg = tried->arg;

	syscall(tried->number, arg[0], arg[1], arg[2], arg[3], arg[4], 0);
}

#ifdef __x86_64__
/* The numbers of the x32 ABI are others for the same calls. */
static void do_other_abi(void)
{
	syscall(0x40000000 | SYS_getpid);
}
#endif

static void do_read_file(void)
{
	char byte;
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &byte, 1) != 1 || close(fd))
		_exit(1);
}

static void do_unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || close(fd))
		_exit(1);
}

static void do_log(void)
{
	if (write(STDOUT_FILENO, "", 0) || write(STDERR_FILENO, "", 0))
		_exit(1);
}

static void do_memory(void)
{
	char *block = malloc(64 << 20);

	if (!block)
		_exit(1);
	memset(block, 1, 1 << 20);
	free(block);
}

static void do_say(void)
{
	log_error("this is not for the test's log");
	log_output("", 0);
}

/* More than one: so many the log looks at before it writes. */
static void do_poll(void)
{
	const struct timespec now = { 0, 0 };
	struct pollfd fds[2] = { { .fd = -1 }, { .fd = -1 } };

	if (ppoll(fds, 2, &now, NULL))
		_exit(1);
}

/* No such descriptor: what counts is that the call can be made. */
static void do_enter(void)
{
	if (syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0) != -1)
		_exit(1);
}

/* Body of a child that is not sealed: the look at itself needs unlisted calls. */
static void check_identity(void)
{
	if (isolation_start() || isolation_identity(NULL))
		_exit(99);
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		_exit(1);
	if (prctl(PR_GET_DUMPABLE) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		_exit(2);
	_exit(0);
}

static void nothing_is_left_to_gain(void **state)
{
	pid_t pid = fork();

	if (!pid)
		check_identity();
	assert_int_equal(child_exit(pid), 0);
}

/* Body of a child that becomes root again after it has opened something. */
static void change_user(void)
{
	int fd;

	if (isolation_start())
		_exit(99);
	fd = dup(STDERR_FILENO);
	if (fd < 0 || prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL) || isolation_identity("root"))
		_exit(98);
	if (fcntl(fd, F_GETFD) < 0)
		_exit(1);
	_exit(prctl(PR_GET_DUMPABLE) ? 2 : 0);
}

/* The trigger on memory pressure is opened before: afterwards the rights may be missing. */
static void change_of_the_user_keeps_what_was_opened(void **state)
{
	pid_t pid;

	if (geteuid())
		skip();
	pid = fork();
	if (!pid)
		change_user();
	assert_int_equal(child_exit(pid), 0);
}

/* Body of a child on a machine where close_range() fails with @error. */
static void inherit_without_close_range(int error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int low = dup(STDERR_FILENO), high = fcntl(STDERR_FILENO, F_DUPFD, 200);

	if (!filter || low < 0 || high < 200 ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned int)error),
			     SCMP_SYS(close_range), 0) || seccomp_load(filter))
		_exit(98);
	if (isolation_start())
		_exit(99);
	if (fcntl(low, F_GETFD) >= 0 || fcntl(high, F_GETFD) >= 0)
		_exit(1);
	_exit(fcntl(STDERR_FILENO, F_GETFD) >= 0 ? 0 : 2);
}

static void descriptors_are_closed_on_any_kernel(void **state)
{
	static const int errors[] = { ENOSYS, EPERM };
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		pid = fork();
		if (!pid)
			inherit_without_close_range(errors[i]);
		assert_int_equal(child_exit(pid), 0);
	}
}

static bool was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void forbidden_calls_kill(void **state)
{
	unsigned int i;

	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		tried = &forbidden[i];
		if (!was_killed(sealed(do_forbidden)))
			fail_msg("%s was not stopped", tried->what);
	}
	assert_int_equal(access(MUST_NOT_BE, F_OK), -1);
}

static int seal_agent(void)
{
	return syscall_filter_seal(EVENT_BACKEND_RING);
}

/* A forbidden call of a child whose standard error is @err; Return: its wait status. */
static int forbidden_call(int err, int (*seal)(void))
{
	pid_t pid = fork();

	if (!pid) {
		/* as the agent has it, and the process that writes the metrics */
		signal(SIGPIPE, SIG_IGN);
		dup2(err, STDERR_FILENO);
		if (isolation_start() || seal())
			_exit(99);
		syscall(SYS_chroot, "/");
		_exit(0);
	}
	return child_status(pid);
}

static void forbidden_call_is_named(void **state)
{
	static const struct {
		int (*seal)(void);
		const char *said;
	} tables[] = {
		{ seal_agent, " of the agent is not in" },
		{ syscall_filter_seal_metrics_writer, " of the metrics writer is not in" },
	};
	char number[32], said[512];
	int ends[2];
	size_t i;

	snprintf(number, sizeof(number), "system call %d of", SYS_chroot);
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		assert_int_equal(pipe(ends), 0);
		assert_true(was_killed(forbidden_call(ends[1], tables[i].seal)));
		said[read(ends[0], said, sizeof(said) - 1)] = '\0';
		assert_non_null(strstr(said, number));
		assert_non_null(strstr(said, tables[i].said));
		close(ends[0]);
		close(ends[1]);
	}
}

/* Exit status 1 would be wrong usage, after which nobody starts the agent again. */
static void forbidden_call_kills_also_when_nobody_reads(void **state)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_true(was_killed(forbidden_call(ends[1], seal_agent)));
	assert_true(was_killed(forbidden_call(ends[1], syscall_filter_seal_metrics_writer)));
	close(ends[1]);
}

static void calls_of_another_abi_kill(void **state)
{
#ifdef __x86_64__
	assert_true(was_killed(sealed(do_other_abi)));
#else
	skip();
#endif
}

static void only_the_loop_in_use_may_wait(void **state)
{
	check_fine(sealed_with(EVENT_BACKEND_RING, do_enter));
	check_fine(sealed_with(EVENT_BACKEND_POLL, do_poll));
	assert_true(was_killed(sealed_with(EVENT_BACKEND_RING, do_poll)));
	assert_true(was_killed(sealed_with(EVENT_BACKEND_POLL, do_enter)));
}

static void listed_calls_work(void **state)
{
	expect_fine(do_read_file);
	expect_fine(do_unix_socket);
	expect_fine(do_memory);
	expect_fine(do_log);
	expect_fine(do_say);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(forbidden_calls_kill),
		cmocka_unit_test(forbidden_call_is_named),
		cmocka_unit_test(forbidden_call_kills_also_when_nobody_reads),
		cmocka_unit_test(calls_of_another_abi_kill),
		cmocka_unit_test(only_the_loop_in_use_may_wait),
		cmocka_unit_test(listed_calls_work),
		cmocka_unit_test(nothing_is_left_to_gain),
		cmocka_unit_test(change_of_the_user_keeps_what_was_opened),
		cmocka_unit_test(descriptors_are_closed_on_any_kernel),
)
