/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is behind a descriptor that people read: how wide it is, and whether they want
 * colours there.
 */
#ifndef FREEHINT_CLI_TERMINAL_H
#define FREEHINT_CLI_TERMINAL_H

#include <stdbool.h>

/** terminal_columns() - width of the terminal behind @fd, @otherwise if it is unknown */
unsigned int terminal_columns(int fd, unsigned int otherwise);

/** terminal_wants_colour() - @fd is a terminal whose owner has not declined (no-color.org) */
bool terminal_wants_colour(int fd);

#endif /* FREEHINT_CLI_TERMINAL_H */
