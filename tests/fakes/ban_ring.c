// SPDX-License-Identifier: GPL-2.0
/*
 * A machine whose administrator has switched io_uring off, for one process and its
 * children: a filter in front of the calls lets them fail.
 */
#include "ban_ring.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const unsigned int numbers[] = {
	[RING_SETUP] = SYS_io_uring_setup,
	[RING_REGISTER] = SYS_io_uring_register,
	[RING_ENTER] = SYS_io_uring_enter,
	[RING_SUBMIT] = SYS_io_uring_enter,
};

int ban_ring(enum ring_call call, int error)
{
	/* RING_SUBMIT: the second argument is how many requests are submitted. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[call], 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, call == RING_SUBMIT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return -errno;
	return 0;
}
