/* SPDX-License-Identifier: GPL-2.0 */
/*
 * freehint doctor: does this machine have what the agent and an incoming postcopy need?
 */
#ifndef FREEHINT_CHECK_HOST_H
#define FREEHINT_CHECK_HOST_H

/** check_agent() - can the agent run on this machine? */
void check_agent(void);

/** check_userfaultfd() - can a QEMU on this machine be the destination of a postcopy? */
void check_userfaultfd(void);

/** check_shm() - is @path usable as the file behind the ivshmem device? */
void check_shm(const char *path);

#endif /* FREEHINT_CHECK_HOST_H */
