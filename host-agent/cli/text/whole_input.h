/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads all that a descriptor has.
 */
#ifndef FREEHINT_CLI_WHOLE_INPUT_H
#define FREEHINT_CLI_WHOLE_INPUT_H

#include <stddef.h>

/**
 * whole_input() - read until the end
 * @fd:   descriptor
 * @max:  reads at most one byte more than this; a @len above @max means that there was more
 * @text: filled, to be freed by the caller
 * @len:  filled
 *
 * Return: 0 or negative errno.
 */
int whole_input(int fd, size_t max, char **text, size_t *len);

#endif /* FREEHINT_CLI_WHOLE_INPUT_H */
