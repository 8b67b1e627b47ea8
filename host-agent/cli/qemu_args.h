/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which arguments of QEMU concern freehint, and what is in them.
 */
#ifndef FREEHINT_CLI_QEMU_ARGS_H
#define FREEHINT_CLI_QEMU_ARGS_H

#include <stdbool.h>

/** qemu_args_is_extension() - is this text the path of the extension, or does it contain it? */
bool qemu_args_is_extension(const char *text);

/** qemu_args_load() - does QEMU get the extension by this option with this value? */
bool qemu_args_load(const char *option, const char *value);

/**
 * qemu_args_socket() - the socket of a monitor
 * @option: such as "-qmp"
 * @value:  what follows it
 *
 * Return: the path, to be freed by the caller; NULL if it is no monitor at a UNIX socket, or
 * without memory.
 */
char *qemu_args_socket(const char *option, const char *value);

/**
 * qemu_args_has() - has an argument this option?
 * @value:  "key=value,key=value"; a comma in a value is two
 * @key:    name of the option
 * @wanted: its value, with two commas for one
 */
bool qemu_args_has(const char *value, const char *key, const char *wanted);

#endif /* FREEHINT_CLI_QEMU_ARGS_H */
