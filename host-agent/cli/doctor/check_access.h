/* SPDX-License-Identifier: GPL-2.0 */
/*
 * freehint doctor: can the agent's user access what the agent needs?
 */
#ifndef FREEHINT_CHECK_ACCESS_H
#define FREEHINT_CHECK_ACCESS_H

/**
 * check_access() - can the agent's user access a virtual machine's socket and memory?
 * @user:   name of that user; NULL: the user who runs doctor, or if that is root, the
 *          owner of the file
 * @socket: monitor socket, NULL: do not check one
 * @shm:    file behind the ivshmem device, NULL: do not check one
 */
void check_access(const char *user, const char *socket, const char *shm);

#endif /* FREEHINT_CHECK_ACCESS_H */
