/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Symbols of the QEMU that the extension is linked with. Such a QEMU may be built without
 * modules and export nothing to dlsym().
 */
#ifndef FREEHINT_QEMU_LINKED_H
#define FREEHINT_QEMU_LINKED_H

/** qemu_linked_symbol() - address of a function or variable of QEMU, NULL if unknown */
void *qemu_linked_symbol(const char *name);

#endif /* FREEHINT_QEMU_LINKED_H */
