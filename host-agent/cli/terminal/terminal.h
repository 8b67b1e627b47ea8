/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Width of a terminal, and whether its user wants colours.
 */
#ifndef FREEHINT_CLI_TERMINAL_H
#define FREEHINT_CLI_TERMINAL_H

#include <stdbool.h>

/** terminal_columns() - width of the terminal behind @fd, @otherwise if it is unknown */
unsigned int terminal_columns(int fd, unsigned int otherwise);

/** terminal_wants_colour() - is @fd a terminal, and NO_COLOR not set (no-color.org)? */
bool terminal_wants_colour(int fd);

#endif /* FREEHINT_CLI_TERMINAL_H */
