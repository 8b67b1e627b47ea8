/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which arguments of QEMU concern freehint, and what is in them.
 */
#ifndef FREEHINT_CLI_QEMU_ARGS_H
#define FREEHINT_CLI_QEMU_ARGS_H

#include <stdbool.h>

/** qemu_args_is_extension() - is this text the path of the extension, or does it contain it? */
bool qemu_args_is_extension(const char *text);

/**
 * enum qemu_args_kind - what an option of QEMU and its value are to freehint
 * @QEMU_ARGS_OTHER:   nothing
 * @QEMU_ARGS_PLUGIN:  they load the extension
 * @QEMU_ARGS_OBJECT:  they start the one that QEMU has built in
 * @QEMU_ARGS_MONITOR: they make a monitor
 */
enum qemu_args_kind {
	QEMU_ARGS_OTHER,
	QEMU_ARGS_PLUGIN,
	QEMU_ARGS_OBJECT,
	QEMU_ARGS_MONITOR,
};

/** qemu_args_kind() - what are @option, with one dash or two, and @value? */
enum qemu_args_kind qemu_args_kind(const char *option, const char *value);

/**
 * qemu_args_socket() - the socket of a monitor
 * @value: what follows "-qmp"
 *
 * Return: the path, to be freed by the caller; NULL if it is no UNIX socket, or without memory.
 */
char *qemu_args_socket(const char *value);

/**
 * qemu_args_has_path() - is this path a word of an argument, whatever the argument is for?
 * @value: the argument
 * @path:  the path; a comma in it is two in @value
 */
bool qemu_args_has_path(const char *value, const char *path);

/**
 * qemu_args_file() - the file of a plugin
 * @value: what follows "-plugin"
 *
 * Return: the path, to be freed by the caller; NULL without memory.
 */
char *qemu_args_file(const char *value);

/**
 * qemu_args_with_file() - the argument of a plugin with another file
 * @value: what follows "-plugin"
 * @file:  the path, with two commas for one
 *
 * Return: @value with nothing else changed, to be freed by the caller; NULL without memory.
 */
char *qemu_args_with_file(const char *value, const char *file);

/** qemu_args_end() - the single comma that ends the option at @text, or the end of the text */
const char *qemu_args_end(const char *text);

/**
 * qemu_args_has() - does an argument have this option?
 * @value:  "key=value,key=value", where a comma in a value is two, or an object of JSON
 * @key:    name of the option
 * @wanted: its value as it is written there
 */
bool qemu_args_has(const char *value, const char *key, const char *wanted);

#endif /* FREEHINT_CLI_QEMU_ARGS_H */
