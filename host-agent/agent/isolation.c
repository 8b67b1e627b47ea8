// SPDX-License-Identifier: GPL-2.0
/*
 * Takes away from the process what it does not need, in stages.
 *
 * The agent reads memory that a hostile guest writes, and talks to QEMU's monitor,
 * which is as powerful as QEMU itself. An attacker who takes over the agent has the
 * monitor connection; the stages make sure that this is all:
 *
 *	isolation_start()	nothing inherited, nothing left in core files
 *	isolation_identity()	QEMU's user, no capability
 *	isolation_seal()	the system calls in the table below, no others
 *
 * The process that writes the metrics (scribe.c) has a shorter table of its own.
 *
 * Each backend of the event loop has a table; the table of the one in use is added. An
 * io_uring does not bypass the tables: event_ring.c restricts it to polls and timers. The
 * ring and the memfds are created before the last stage.
 *
 * A system call that is not in the table ends the process; the migration continues
 * without hints. The kernel raises SIGSYS, and our handler prints the number of the call
 * before the signal kills the process: that is the first question, and a container has
 * no audit log at hand.
 */
#define _GNU_SOURCE
#include "isolation.h"

#include <cap-ng.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
 * Calls of the agent from isolation_seal() on. tests/kvm/test_agent_calls.py compares
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
	/* log.c */
	{ "write", 0, ~0U, STDOUT_FILENO },
	{ "write", 0, ~0U, STDERR_FILENO },
	/* clock.h */
	{ "clock_gettime", ANY, 0, 0 },			/* unseen: no clock in the vDSO */
	/* exit */
	{ "exit_group", ANY, 0, 0 },
	SANITIZER_CALLS
};

/* Calls of scribe.c: it reads texts from the agent, and writes its files and its log. */
static const struct allowed scribe_allowed[] = {
	{ "read", ANY, 0, 0 },
	{ "openat", 2, O_ACCMODE | O_CREAT, O_WRONLY | O_CREAT },
	{ "write", ANY, 0, 0 },
	{ "close", ANY, 0, 0 },
	{ "renameat", ANY, 0, 0 },
	{ "renameat2", ANY, 0, 0 },			/* architectures without renameat */
	{ "unlinkat", ANY, 0, 0 },
	{ "rt_sigreturn", ANY, 0, 0 },
	{ "clock_gettime", ANY, 0, 0 },			/* no clock in the vDSO */
	{ "exit_group", ANY, 0, 0 },
	SANITIZER_CALLS
};

/* Linux before 5.9 has no close_range(), and some containers forbid newer calls. */
static int close_one_by_one(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int fd;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd > STDERR_FILENO && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
	return 0;
}

static int close_inherited(void)
{
	if (!close_range(STDERR_FILENO + 1, ~0U, 0))
		return 0;
	return errno == ENOSYS || errno == EPERM ? close_one_by_one() : -errno;
}

static int forbid_tracing(void)
{
	const struct rlimit no_core = { 0, 0 };
	int ret;

	if (!setrlimit(RLIMIT_CORE, &no_core) &&
	    !prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) &&
	    !prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL))
		return 0;
	ret = -errno;
	log_error("core dumps or tracing could not be disabled: %s, allow setrlimit() and prctl() "
		  "to the agent", strerror(-ret));
	return ret;
}

int isolation_start(void)
{
	int ret = close_inherited();

	if (ret) {
		log_error("inherited descriptors could not be closed: %s, mount /proc for the agent",
			  strerror(-ret));
		return ret;
	}
	umask(077);
	return forbid_tracing();
}

static int change_user(const char *name)
{
	const struct passwd *user;
	int ret;

	user = getpwnam(name);
	if (!user) {
		log_error("user %s does not exist, give another with --user", name);
		return -ENOENT;
	}
	if (setgroups(0, NULL) || initgroups(name, user->pw_gid) ||
	    setgid(user->pw_gid) || setuid(user->pw_uid)) {
		ret = -errno;
		log_error("could not become user %s, start as root or without --user: %s",
			  name, strerror(-ret));
		return ret;
	}
	/* On some systems a change of the user makes the process dumpable again. */
	return forbid_tracing();
}

int isolation_identity(const char *user)
{
	int ret;

	if (user) {
		ret = change_user(user);
		if (ret)
			return ret;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	/* To clear the bounding set takes CAP_SETPCAP; without it the other sets are enough. */
	ret = capng_apply(CAPNG_SELECT_CAPS);
	if (ret || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
		log_error("capabilities could not be dropped, error %d, mount /proc and allow "
			  "prctl() and capset() to the agent", ret);
		return -EPERM;
	}
	return 0;
}

/* Number to text without stdio, because a signal handler calls it. */
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

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	static const char head[] = "freehint-agent: error: system call ";
	static const char tail[] = " is not in the sandbox's list, please report it\n";
	char line[sizeof(head) + sizeof(tail) + 12];
	size_t len = sizeof(head) - 1;

	(void)signal;
	(void)context;
	memcpy(line, head, len);
	len += put_number(line + len, (unsigned int)info->si_syscall);
	memcpy(line + len, tail, sizeof(tail) - 1);
	len += sizeof(tail) - 1;
	if (write(STDERR_FILENO, line, len) < 0)
		_exit(1);
	/* SIGSYS is blocked here: a second forbidden call kills the process by SIGSYS. */
	syscall(SYS_getppid);
	_exit(1);
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

/**
 * struct table - a part of the filter
 * @lines: allowed calls
 * @count: number of lines
 */
struct table {
	const struct allowed *lines;
	size_t count;
};

#define TABLE(name)	{ name, sizeof(name) / sizeof((name)[0]) }

/* Indexed by enum event_backend. */
static const struct table loop_tables[] = {
	[EVENT_BACKEND_RING] = TABLE(ring_allowed),
	[EVENT_BACKEND_POLL] = TABLE(poll_allowed),
};

static const struct table agent_table = TABLE(allowed);
static const struct table scribe_table = TABLE(scribe_allowed);

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
	if (sigaction(SIGSYS, &action, NULL)) {
		ret = -errno;
		goto err_log;
	}
	ret = load_filter(table, more);
	if (ret)
		goto err_log;
	return 0;

err_log:
	log_error("system call filter could not be loaded: %s, the kernel needs "
		  "CONFIG_SECCOMP_FILTER and a container has to allow seccomp()",
		  strerror(-ret));
	return ret;
}

int isolation_seal(enum event_backend backend)
{
	return seal(&agent_table, &loop_tables[backend]);
}

int isolation_seal_scribe(void)
{
	return seal(&scribe_table, NULL);
}
