/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks the arguments of a QMP command: their names, and those that are numbers.
 */
#ifndef FREEHINT_QMP_ARGS_H
#define FREEHINT_QMP_ARGS_H

#include "qemu_abi.h"

/**
 * qmp_args_check() - refuse arguments that a command does not know
 * @args:  of the command
 * @known: names of arguments, the last is NULL
 * @give:  end of the message: which arguments there are
 * @errp:  set on failure
 *
 * Context: BQL held.
 *
 * Return: true if every name is known.
 */
bool qmp_args_check(const QDict *args, const char *const *known, const char *give, Error **errp);

/**
 * qmp_args_int() - read an integer, whatever its value
 * @args: of the command
 * @key:  name of the argument
 * @n:    the integer; 0 if there is none
 *
 * Context: BQL held.
 *
 * Return: true if the argument is there and is an integer.
 */
bool qmp_args_int(const QDict *args, const char *key, int64_t *n);

/**
 * qmp_args_number() - read an integer that has to be there and within limits
 * @args: of the command
 * @key:  name of the argument
 * @min:  the least that is accepted
 * @max:  the most that is accepted
 * @n:    the integer
 * @errp: set on failure
 *
 * Context: BQL held.
 *
 * Return: true if @n is set.
 */
bool qmp_args_number(const QDict *args, const char *key, int64_t min, int64_t max, int64_t *n,
		     Error **errp);

#endif /* FREEHINT_QMP_ARGS_H */
