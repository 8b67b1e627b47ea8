// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls that the agent may make once it is set up, and those of the process that
 * writes the metrics (metrics_writer.c), which has a shorter table of its own.
 *
 * Each backend of the event loop has a table; the table of the one in use is added. An
 * io_uring does not bypass the tables: event_ring.c restricts it to polls and timers. The
 * ring and the memfds are created before the filter is loaded.
 *
 * A system call that is not in the table ends the process; the migration continues
 * without hints. The kernel raises SIGSYS, and our handler prints the number of the call
 * before the signal kills the process: that is the first question, and a container has
 * no audit log at hand.
 */
#define _GNU_SOURCE
#include "syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "include/freehint/types.h"
#include "host-agent/common/log.h"

#if defined(__SANITIZE_ADDRESS__) && !defined(FREEHINT_SANITIZE)
#define FREEHINT_SANITIZE
#endif

#ifdef FREEHINT_SANITIZE
const char *__asan_default_options(void);

/* The leak check traces its own process, and the sandbox prevents exactly that. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* Forbidden flags of open(): the agent may only read. */
#define OPEN_WRITES	(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)

/**
 * struct allowed - one system call that is allowed
 * @name:   system call; skipped when this architecture does not have it
 * @arg:    index of the argument that is restricted, or ANY
 * @mask:   bits of it that are compared
 * @value:  value they must have
 */
struct allowed {
	const char *name;
	int arg;
	u64 mask;
	u64 value;
};

#define ANY	(-1)

/* Calls that sanitizers need for a report; never in a release. */
#ifdef FREEHINT_SANITIZE
#define SANITIZER_CALLS								\
	{ "getpid", ANY, 0, 0 },						\
	{ "gettid", ANY, 0, 0 },						\
	{ "futex", ANY, 0, 0 },						\
	{ "sched_yield", ANY, 0, 0 },						\
	{ "sigaltstack", ANY, 0, 0 },						\
	{ "rt_sigaction", ANY, 0, 0 },						\
	{ "rt_sigprocmask", ANY, 0, 0 },					\
	{ "readlink", ANY, 0, 0 },						\
	{ "lseek", ANY, 0, 0 },						\
	{ "mprotect", ANY, 0, 0 },						\
	{ "madvise", ANY, 0, 0 },						\
	{ "getrlimit", ANY, 0, 0 },						\
	{ "prlimit64", ANY, 0, 0 },						\
	{ "exit", ANY, 0, 0 },
#else
#define SANITIZER_CALLS
#endif

/* Calls of the event loop. event_ring.c submits polls and timers by the same call. */
static const struct allowed ring_allowed[] = {
	{ "io_uring_enter", ANY, 0, 0 },
};

static const struct allowed poll_allowed[] = {
	{ "ppoll", ANY, 0, 0 },
	{ "ppoll_time64", ANY, 0, 0 },			/* unseen: other architectures */
};

/*
 * Calls of the agent from syscall_filter_seal() on. tests/kvm/test_agent_calls.py compares
 * the table with the calls that it sees. A call that no test sees is marked "unseen",
 * with the reason. A call may have several lines.
 */
static const struct allowed allowed[] = {
	/* main.c */
	{ "read", ANY, 0, 0 },				/* the signal descriptor, wake.c */
	/* qmp_client.c: connects again when QEMU restarts */
	{ "socket", 0, ~0U, AF_UNIX },
	{ "connect", ANY, 0, 0 },
	{ "sendmsg", ANY, 0, 0 },			/* commands, memfds */
	{ "recvfrom", ANY, 0, 0 },			/* replies, events; recv() */
	{ "recv", ANY, 0, 0 },				/* unseen: other architectures */
	{ "shutdown", ANY, 0, 0 },
	{ "close", ANY, 0, 0 },
	/* shm_region.c: maps again when QEMU restarts */
	{ "openat", 2, OPEN_WRITES, O_RDONLY },
	{ "newfstatat", ANY, 0, 0 },			/* type and size; fstat() in glibc */
	{ "fstat", ANY, 0, 0 },				/* unseen: glibc before 2.33 */
	{ "stat", ANY, 0, 0 },				/* unseen: the same */
	{ "fstatat64", ANY, 0, 0 },			/* unseen: other architectures */
	{ "statx", ANY, 0, 0 },				/* unseen: other architectures */
	{ "fstatfs", ANY, 0, 0 },			/* is the file on a disk? */
	{ "mmap", 2, PROT_EXEC, 0 },			/* and memory for JSON */
	{ "munmap", ANY, 0, 0 },
	{ "rt_sigreturn", ANY, 0, 0 },			/* SIGBUS */
	{ "rt_sigaction", 0, ~0U, SIGBUS },		/* unseen: a SIGBUS outside the mapping */
	/* memory for JSON */
	{ "brk", ANY, 0, 0 },
	{ "mremap", ANY, 0, 0 },			/* unseen: realloc() in later jansson */
	{ "madvise", 2, ~0U, MADV_HUGEPAGE },		/* unseen: glibc.malloc.hugetlb=1 */
	/* log.c: a look whether there is room; sendmsg() is above */
	{ "ppoll", 1, ~0U, 1 },
	{ "ppoll_time64", 1, ~0U, 1 },			/* unseen: other architectures */
	{ "write", 0, ~0U, STDOUT_FILENO },
	{ "write", 0, ~0U, STDERR_FILENO },
	/* clock.h */
	{ "clock_gettime", ANY, 0, 0 },			/* unseen: no clock in the vDSO */
	/* exit */
	{ "exit_group", ANY, 0, 0 },
	SANITIZER_CALLS
};

/* Calls of metrics_writer.c: it reads texts from the agent, and writes its files and its log. */
static const struct allowed metrics_writer_allowed[] = {
	{ "read", ANY, 0, 0 },
	{ "openat", 2, O_ACCMODE | O_CREAT, O_WRONLY | O_CREAT },
	{ "write", ANY, 0, 0 },
	{ "close", ANY, 0, 0 },
	{ "renameat", ANY, 0, 0 },
	{ "renameat2", ANY, 0, 0 },			/* architectures without renameat */
	{ "unlinkat", ANY, 0, 0 },
	{ "sendmsg", 0, ~0U, STDERR_FILENO },		/* log.c */
	{ "ppoll", 1, ~0U, 1 },
	{ "ppoll_time64", 1, ~0U, 1 },			/* other architectures */
	{ "rt_sigreturn", ANY, 0, 0 },
	{ "clock_gettime", ANY, 0, 0 },			/* no clock in the vDSO */
	{ "exit_group", ANY, 0, 0 },
	SANITIZER_CALLS
};

/**
 * struct table - a part of the filter
 * @who:   whose calls they are
 * @lines: allowed calls
 * @count: number of lines
 */
struct table {
	const char *who;
	const struct allowed *lines;
	size_t count;
};

#define TABLE(who, name)	{ who, name, ARRAY_SIZE(name) }

/* Indexed by enum event_backend. */
static const struct table loop_tables[] = {
	[EVENT_BACKEND_RING] = TABLE("the agent", ring_allowed),
	[EVENT_BACKEND_POLL] = TABLE("the agent", poll_allowed),
};

static const struct table agent_table = TABLE("the agent", allowed);
static const struct table metrics_writer_table =
	TABLE("the metrics writer", metrics_writer_allowed);

/* For the signal handler: the table of this process. */
static const struct table *sealed;

/* Without stdio, because a signal handler calls it. */
static size_t put_number(char *to, unsigned int number)
{
	char digits[12];
	size_t len = 0, i;

	do {
		digits[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (i = 0; i < len; i++)
		to[i] = digits[len - 1 - i];
	return len;
}

static size_t put_text(char *to, const char *text)
{
	return (size_t)(stpcpy(to, text) - to);
}

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	char line[160];
	size_t len = put_text(line, log_priority(LOG_LEVEL_ERROR));

	(void)signal;
	(void)context;
	len += put_text(line + len, "freehint-agent: error: system call ");
	len += put_number(line + len, (unsigned int)info->si_syscall);
	len += put_text(line + len, " of ");
	len += put_text(line + len, sealed->who);
	len += put_text(line + len, " is not in the sandbox's list, please report it\n");
	/* Whether or not anybody reads it: no exit status may stand for this end. */
	log_raw(line, len);
	/* SIGSYS is blocked here: a second forbidden call kills the process by SIGSYS. */
	syscall(SYS_getppid);
	__builtin_trap();
}

static int add_rule(scmp_filter_ctx filter, const struct allowed *entry)
{
	int number = seccomp_syscall_resolve_name(entry->name);
	struct scmp_arg_cmp cmp;

	/* Negative: only other architectures have this call. */
	if (number < 0)
		return 0;
	if (entry->arg == ANY)
		return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 0, NULL);
	cmp = (struct scmp_arg_cmp){
		.arg = (unsigned int)entry->arg,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = entry->mask,
		.datum_b = entry->value,
	};
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &cmp);
}

static int add_table(scmp_filter_ctx filter, const struct table *table)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < table->count; i++)
		ret = add_rule(filter, &table->lines[i]);
	return ret;
}

/* @more: a second table, or NULL. */
static int load_filter(const struct table *table, const struct table *more)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int ret;

	if (!filter)
		return -ENOMEM;
	/* Our handler cannot name a call of another architecture. */
	ret = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!ret)
		ret = add_table(filter, table);
	if (!ret && more)
		ret = add_table(filter, more);
	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret;
}

static int seal(const struct table *table, const struct table *more)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	int ret;

	action.sa_sigaction = on_sigsys;
	sigemptyset(&action.sa_mask);
	sealed = table;
	if (sigaction(SIGSYS, &action, NULL)) {
		ret = -errno;
		goto err_log;
	}
	ret = load_filter(table, more);
	if (ret)
		goto err_log;
	return 0;

err_log:
	log_error("system call filter of %s could not be loaded: %s, the kernel needs "
		  "CONFIG_SECCOMP_FILTER and a container has to allow seccomp()",
		  table->who, strerror(-ret));
	return ret;
}

int syscall_filter_seal(enum event_backend backend)
{
	return seal(&agent_table, &loop_tables[backend]);
}

int syscall_filter_seal_metrics_writer(void)
{
	return seal(&metrics_writer_table, NULL);
}
