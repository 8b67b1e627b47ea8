/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What somebody who took the agent over would try: system calls that must end it.
 */
#ifndef FREEHINT_TEST_FORBIDDEN_H
#define FREEHINT_TEST_FORBIDDEN_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FOR_WRITING	"/dev/null"
#define MUST_NOT_BE	"/tmp/freehint-must-not-be"

/* A page of a stranger's making; its address is what counts. */
static char a_page[4096] __attribute__((aligned(4096)));

/**
 * struct forbidden - one try
 * @what:   for the report
 * @number: of the system call
 * @arg:    its arguments, those that matter
 */
struct forbidden {
	const char *what;
	long number;
	long arg[5];
};

#define TRY(name, ...)								\
	{ .what = #name "(" #__VA_ARGS__ ")", .number = SYS_##name, .arg = { __VA_ARGS__ } }
#define TEXT(s)		((long)(s))

static const struct forbidden forbidden[] = {
	/* another program, another process */
	TRY(execve, TEXT("/bin/true")),
	TRY(execveat, AT_FDCWD, TEXT("/bin/true")),
	TRY(clone, SIGCHLD),
	TRY(clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD),
	TRY(clone3),
#ifdef SYS_fork
	TRY(fork),
	TRY(vfork),
#endif
	/* other processes */
	TRY(ptrace, PTRACE_ATTACH, 1),
	TRY(process_vm_readv, 1),
	TRY(process_vm_writev, 1),
	TRY(kill, 1, 0),
	TRY(tkill, 1, 0),
	TRY(tgkill, 1, 1, 0),
	TRY(rt_sigqueueinfo, 1, 0),
	TRY(pidfd_open, 1),
	TRY(pidfd_send_signal, 0),
	TRY(pidfd_getfd, 0),
	/* writing to files, and making, renaming, removing them */
	TRY(openat, AT_FDCWD, TEXT(FOR_WRITING), O_WRONLY),
	TRY(openat, AT_FDCWD, TEXT(FOR_WRITING), O_RDWR),
	TRY(openat, AT_FDCWD, TEXT(FOR_WRITING), O_RDONLY | O_TRUNC),
	TRY(openat, AT_FDCWD, TEXT(FOR_WRITING), O_RDONLY | O_APPEND),
	TRY(openat, AT_FDCWD, TEXT(MUST_NOT_BE), O_RDONLY | O_CREAT, 0600),
	TRY(openat, AT_FDCWD, TEXT("/tmp"), O_RDWR | O_TMPFILE, 0600),
	TRY(openat2, AT_FDCWD, TEXT(FOR_WRITING)),
#ifdef SYS_open
	TRY(open, TEXT(FOR_WRITING), O_RDONLY),
	TRY(creat, TEXT(MUST_NOT_BE), 0600),
#endif
	TRY(write, 3),
	TRY(writev, STDERR_FILENO),
	TRY(pwrite64, STDERR_FILENO),
	TRY(ftruncate, 3),
	TRY(fallocate, 3),
	TRY(unlinkat, AT_FDCWD, TEXT(MUST_NOT_BE)),
	TRY(renameat2, AT_FDCWD, TEXT(MUST_NOT_BE), AT_FDCWD, TEXT(MUST_NOT_BE)),
	TRY(linkat, AT_FDCWD, TEXT(MUST_NOT_BE), AT_FDCWD, TEXT(MUST_NOT_BE)),
	TRY(symlinkat, TEXT(MUST_NOT_BE), AT_FDCWD, TEXT(MUST_NOT_BE)),
	TRY(mkdirat, AT_FDCWD, TEXT(MUST_NOT_BE)),
	TRY(mknodat, AT_FDCWD, TEXT(MUST_NOT_BE)),
	TRY(fchmod, STDERR_FILENO),
	TRY(fchownat, AT_FDCWD, TEXT(MUST_NOT_BE)),
	/* files without a name, copies between files */
	TRY(memfd_create, TEXT("x")),
	TRY(splice, 0),
	TRY(sendfile, 1),
	TRY(copy_file_range, 0),
	/* the network, and being found */
	TRY(socket, AF_INET, SOCK_STREAM),
	TRY(socket, AF_INET6, SOCK_DGRAM),
	TRY(socket, AF_NETLINK, SOCK_RAW),
	TRY(socket, AF_VSOCK, SOCK_STREAM),
	TRY(socket, AF_PACKET, SOCK_RAW),
	TRY(socketpair, AF_UNIX, SOCK_STREAM),
	TRY(bind, 0),
	TRY(listen, 0),
	TRY(accept4, 0),
	TRY(sendto, 0),
	TRY(sendmmsg, 0),
	TRY(setsockopt, 0),
	/* code and memory */
	TRY(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1),
	TRY(mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1),
	TRY(pkey_mprotect, TEXT(a_page), 4096, PROT_EXEC, -1),
	TRY(remap_file_pages, TEXT(a_page), 4096),
	TRY(shmat, 0),
	TRY(userfaultfd),
	/* other ways into the kernel */
	TRY(io_uring_setup, 8),
	TRY(io_uring_register, 0),
	TRY(ioctl, 0),
	TRY(fcntl, 0, F_DUPFD),
	TRY(dup, 0),
	TRY(dup3, 0, 9),
	TRY(epoll_create1),
	TRY(bpf),
	TRY(perf_event_open),
	TRY(keyctl),
	TRY(init_module),
	TRY(finit_module),
	TRY(kexec_load),
	/* another identity, another view */
	TRY(setuid, 0),
	TRY(setgid, 0),
	TRY(setgroups, 0),
	TRY(capset),
	TRY(prctl, PR_SET_DUMPABLE, 1),
	TRY(seccomp),
	TRY(unshare, CLONE_NEWUSER),
	TRY(setns, 0),
	TRY(mount),
	TRY(umount2),
	TRY(pivot_root),
	TRY(chroot, TEXT("/")),
	TRY(personality, 0),
	/* what sanitizers may do */
#ifndef __SANITIZE_ADDRESS__
	TRY(mprotect, TEXT(a_page), 4096, PROT_READ | PROT_EXEC),
	TRY(rt_sigaction, SIGSYS),
	TRY(rt_sigprocmask, SIG_UNBLOCK),
	TRY(prlimit64, 0),
	TRY(madvise, TEXT(a_page), 4096, MADV_HWPOISON),
	TRY(madvise, TEXT(a_page), 4096, MADV_DONTNEED),
	TRY(exit, 0),
#endif
};

#endif /* FREEHINT_TEST_FORBIDDEN_H */
