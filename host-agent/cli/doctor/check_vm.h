/* SPDX-License-Identifier: GPL-2.0 */
/*
 * freehint doctor: check a running virtual machine.
 */
#ifndef FREEHINT_CHECK_VM_H
#define FREEHINT_CHECK_VM_H

/**
 * check_vm() - is the virtual machine behind a monitor socket ready for hints?
 * @socket: its path
 * @shm:    file that has to be its shared memory, NULL: do not check it
 */
void check_vm(const char *socket, const char *shm);

#endif /* FREEHINT_CHECK_VM_H */
