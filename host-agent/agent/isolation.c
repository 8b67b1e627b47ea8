// SPDX-License-Identifier: GPL-2.0
/*
 * Taking away from the process what it does not need, in stages.
 *
 * The agent reads memory that a hostile guest writes and talks to QEMU's monitor,
 * which is as powerful as QEMU itself. Whoever takes the agent over has the monitor
 * connection; the stages see to it that this is all there is:
 *
 *	isolation_start()	nothing inherited, nothing left in core files
 *	isolation_identity()	QEMU's user, no capability
 *	isolation_seal()	the system calls in the table below, no others
 *
 * The process that writes the metrics (scribe.c) has a shorter table of its own.
 *
 * The event loop has a table for each of its kinds; the one in use is added. An
 * io_uring is no way around the table: event_ring.c restricts it to polling and
 * timers. It is set up before the last stage, as are the memfds.
 *
 * A system call that is missing in the table ends the process; the migration goes
 * on without hints. The kernel raises SIGSYS and our handler names the call before
 * it lets the signal kill us: "which one was it" is the first question, and an
 * audit log is not at hand in a container.
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

/* The leak check traces its own process, which the sandbox is there to prevent. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* What open() must not be asked for: anything but reading. */
#define OPEN_WRITES	(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)

/**
 * struct allowed - one line of the list
 * @name:   system call; unknown to this architecture: left out
 * @arg:    argument that is restricted, or ANY
 * @mask:   bits of it that are looked at
 * @value:  what they must be
 */
struct allowed {
	const char *name;
	int arg;
	u64 mask;
	u64 value;
};

#define ANY	(-1)

/* What sanitizers need for a report; never in a release. */
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

/* What the event loop waits with; event_ring.c asks for polls and timers by the same call. */
static const struct allowed ring_allowed[] = {
	{ "io_uring_enter", ANY, 0, 0 },
};

static const struct allowed poll_allowed[] = {
	{ "ppoll", ANY, 0, 0 },
	{ "ppoll_time64", ANY, 0, 0 },			/* unseen: other architectures */
};

/*
 * What the agent needs, beginning with isolation_seal(). tests/kvm/test_agent_calls.py
 * compares it with what the agent does: a call that no test sees is "unseen", and for
 * a reason. A call may have several lines.
 */
static const struct allowed allowed[] = {
	/* main.c */
	{ "read", ANY, 0, 0 },				/* the signal descriptor */
	/* qmp_client.c: the connection is made anew when QEMU restarts */
	{ "socket", 0, ~0U, AF_UNIX },
	{ "connect", ANY, 0, 0 },
	{ "sendmsg", ANY, 0, 0 },			/* commands, memfds */
	{ "recvfrom", ANY, 0, 0 },			/* replies, events; recv() */
	{ "recv", ANY, 0, 0 },				/* unseen: other architectures */
	{ "shutdown", ANY, 0, 0 },
	{ "close", ANY, 0, 0 },
	/* shm_region.c: mapped anew when QEMU restarts */
	{ "openat", 2, OPEN_WRITES, O_RDONLY },
	{ "newfstatat", ANY, 0, 0 },			/* type and size; fstat() in glibc */
	{ "fstat", ANY, 0, 0 },				/* unseen: glibc before 2.33 */
	{ "fstatat64", ANY, 0, 0 },			/* unseen: other architectures */
	{ "statx", ANY, 0, 0 },				/* unseen: other architectures */
	{ "fstatfs", ANY, 0, 0 },			/* on a disk? */
	{ "mmap", 2, PROT_EXEC, 0 },			/* and memory for JSON */
	{ "munmap", ANY, 0, 0 },
	{ "rt_sigreturn", ANY, 0, 0 },			/* SIGBUS */
	{ "rt_sigaction", 0, ~0U, SIGBUS },		/* unseen: one that is not ours */
	/* memory for JSON */
	{ "brk", ANY, 0, 0 },
	{ "mremap", ANY, 0, 0 },			/* unseen: realloc() in later jansson */
	{ "madvise", 2, ~0U, MADV_HUGEPAGE },		/* unseen: glibc.malloc.hugetlb=1 */
	/* log.c */
	{ "write", 0, ~0U, STDOUT_FILENO },
	{ "write", 0, ~0U, STDERR_FILENO },
	/* clock.h */
	{ "clock_gettime", ANY, 0, 0 },			/* unseen: no clock in the vDSO */
	/* the end */
	{ "exit_group", ANY, 0, 0 },
	SANITIZER_CALLS
};

/* What scribe.c needs: texts from the agent, one file, its log. */
static const struct allowed scribe_allowed[] = {
	{ "read", ANY, 0, 0 },
	{ "openat", 2, O_ACCMODE | O_CREAT, O_WRONLY | O_CREAT },
	{ "write", ANY, 0, 0 },
	{ "close", ANY, 0, 0 },
	{ "renameat", ANY, 0, 0 },
	{ "renameat2", ANY, 0, 0 },			/* where there is no renameat */
	{ "unlinkat", ANY, 0, 0 },
	{ "rt_sigreturn", ANY, 0, 0 },
	{ "clock_gettime", ANY, 0, 0 },			/* no clock in the vDSO */
	{ "exit_group", ANY, 0, 0 },
	SANITIZER_CALLS
};

/* Without close_range(): Linux before 5.9, and containers that forbid what is newer. */
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

int isolation_start(void)
{
	const struct rlimit no_core = { 0, 0 };
	int ret = close_inherited();

	if (ret) {
		log_error("inherited descriptors could not be closed, is /proc there: %s",
			  strerror(-ret));
		return ret;
	}
	if (setrlimit(RLIMIT_CORE, &no_core))
		goto err_log;
	if (prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL))
		goto err_log;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL))
		goto err_log;
	umask(077);
	return 0;

err_log:
	ret = -errno;
	log_error("process could not be closed off: %s", strerror(-ret));
	return ret;
}

static int become(const char *name)
{
	const struct passwd *user;
	int ret;

	user = getpwnam(name);
	if (!user) {
		log_error("there is no user %s, give another with --user", name);
		return -ENOENT;
	}
	if (setgroups(0, NULL) || initgroups(name, user->pw_gid) ||
	    setgid(user->pw_gid) || setuid(user->pw_uid)) {
		ret = -errno;
		log_error("could not become user %s, start as root or without --user: %s",
			  name, strerror(-ret));
		return ret;
	}
	/* Changing the user makes a process dumpable again on some set-ups. */
	return isolation_start();
}

int isolation_identity(const char *user)
{
	int ret;

	if (user) {
		ret = become(user);
		if (ret)
			return ret;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	/* The bounding set needs CAP_SETPCAP; without it the rest is enough. */
	ret = capng_apply(CAPNG_SELECT_CAPS);
	if (ret || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
		log_error("capabilities could not be dropped, %d", ret);
		return -EPERM;
	}
	return 0;
}

/* Number to text without stdio: a signal handler runs this. */
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
	/* SIGSYS is blocked here: another forbidden call kills, and shows why. */
	syscall(SYS_getppid);
	_exit(1);
}

static int add_rule(scmp_filter_ctx filter, const struct allowed *entry)
{
	int number = seccomp_syscall_resolve_name(entry->name);
	struct scmp_arg_cmp cmp;

	/* Negative: a call other architectures have. */
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
 * struct table - a part of the list
 * @lines: its lines
 * @count: how many
 */
struct table {
	const struct allowed *lines;
	size_t count;
};

#define TABLE(name)	{ name, sizeof(name) / sizeof((name)[0]) }

/* Indexed by enum event_backend. */
static const struct table waiting[] = {
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

/* @more may be NULL. */
static int load_filter(const struct table *table, const struct table *more)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int ret;

	if (!filter)
		return -ENOMEM;
	/* A call of another architecture cannot be named by our handler. */
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
	return seal(&agent_table, &waiting[backend]);
}

int isolation_seal_scribe(void)
{
	return seal(&scribe_table, NULL);
}
