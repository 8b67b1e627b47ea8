/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor's look at a running virtual machine.
 */
#ifndef FREEHINT_CHECK_VM_H
#define FREEHINT_CHECK_VM_H

/** check_vm() - is the machine behind a monitor socket ready to be hinted? */
void check_vm(const char *socket);

#endif /* FREEHINT_CHECK_VM_H */
