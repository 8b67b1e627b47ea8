/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor's look at who may have what the agent needs.
 */
#ifndef FREEHINT_CHECK_ACCESS_H
#define FREEHINT_CHECK_ACCESS_H

/**
 * check_access() - can the agent's user have a virtual machine's sockets and memory?
 * @user:   name of that user, NULL: whoever runs doctor, or when that is root, the owner
 *          of what is there
 * @socket: monitor socket, NULL: there is none to look at
 * @shm:    file behind the ivshmem device, likewise
 */
void check_access(const char *user, const char *socket, const char *shm);

#endif /* FREEHINT_CHECK_ACCESS_H */
