/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor's look at this machine: what the agent needs, and postcopy to here.
 */
#ifndef FREEHINT_CHECK_HOST_H
#define FREEHINT_CHECK_HOST_H

/** check_agent() - will the agent run here? */
void check_agent(void);

/** check_userfaultfd() - may a QEMU here be the destination of postcopy? */
void check_userfaultfd(void);

/** check_shm() - can @path be the file behind the device? */
void check_shm(const char *path);

#endif /* FREEHINT_CHECK_HOST_H */
