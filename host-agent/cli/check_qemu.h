/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor's look at the QEMU programs of this machine.
 */
#ifndef FREEHINT_CHECK_QEMU_H
#define FREEHINT_CHECK_QEMU_H

/** check_qemu() - can this QEMU be used? @path: of the program */
void check_qemu(const char *path);

/**
 * check_qemus() - can the QEMUs that are installed be used, or the one that is named?
 * @given: program, or a name in PATH; NULL: every QEMU for x86-64 guests that is found
 *
 * What is wrong with one of several does not count as long as another can be used.
 */
void check_qemus(const char *given);

#endif /* FREEHINT_CHECK_QEMU_H */
