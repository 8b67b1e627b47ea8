/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the extension is that was installed with this tool.
 */
#ifndef FREEHINT_CLI_INSTALLED_EXTENSION_H
#define FREEHINT_CLI_INSTALLED_EXTENSION_H

/**
 * installed_extension() - path of freehint-qemu.so
 *
 * Return: beside this tool, in ../lib/freehint, if it is there; otherwise where the package
 * installs it. Valid until the next call.
 */
const char *installed_extension(void);

#endif /* FREEHINT_CLI_INSTALLED_EXTENSION_H */
