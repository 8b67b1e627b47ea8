/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor's look at this machine: QEMU's binary, and what the agent needs.
 */
#ifndef FREEHINT_CHECK_HOST_H
#define FREEHINT_CHECK_HOST_H

/** check_qemu() - can this QEMU load the extension? @path: program, or a name in PATH */
void check_qemu(const char *path);

/** check_agent() - will the agent run here? */
void check_agent(void);

/** check_shm() - can @path be the file behind the device? */
void check_shm(const char *path);

#endif /* FREEHINT_CHECK_HOST_H */
