/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Can the QEMU programs of this machine be used? For doctor and enable.
 */
#ifndef FREEHINT_CHECK_QEMU_H
#define FREEHINT_CHECK_QEMU_H

#include <stdbool.h>

/** check_qemu() - can the QEMU program at @path be used? */
void check_qemu(const char *path);

/**
 * check_qemu_for() - does the QEMU at @path start with freehint in its command line, and use it?
 * @path:     path
 * @built_in: with -object freehint; otherwise with -plugin
 *
 * For a domain: what @path is not known to lack is no finding, nor is its series.
 *
 * Return: why and what to do, if QEMU starts with the extension and has no hints unless the
 * argument has allow-untested=on; NULL otherwise. Valid until the next call.
 */
const char *check_qemu_for(const char *path, bool built_in);

/**
 * check_qemus() - can the installed QEMUs, or the named one, be used?
 * @given: path, or a name in PATH; NULL: every QEMU for x86-64 and arm64 guests that is found
 *
 * If at least one QEMU can be used, the faults of the others do not count.
 */
void check_qemus(const char *given);

#endif /* FREEHINT_CHECK_QEMU_H */
