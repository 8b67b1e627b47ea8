/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads QEMU's version from its executable, where QEMU exports no function that tells it.
 */
#ifndef FREEHINT_EMULATOR_VERSION_H
#define FREEHINT_EMULATOR_VERSION_H

/**
 * emulator_version() - find the version that an executable prints for --version
 * @path:  executable of a QEMU
 * @major: set on success
 * @minor: set on success
 *
 * Return: 0; -ENOENT: there is no such file, or it has no version; another negative errno.
 */
int emulator_version(const char *path, int *major, int *minor);

#endif /* FREEHINT_EMULATOR_VERSION_H */
