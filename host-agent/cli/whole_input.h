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
 * @max:  no more bytes than this and one, so that the caller sees that there is more
 * @text: filled, to be freed by the caller
 * @len:  filled
 *
 * Return: 0 or negative errno.
 */
int whole_input(int fd, size_t max, char **text, size_t *len);

#endif /* FREEHINT_CLI_WHOLE_INPUT_H */
