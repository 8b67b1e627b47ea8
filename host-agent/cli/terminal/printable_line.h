/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of the tool that have texts of others in them.
 */
#ifndef FREEHINT_CLI_PRINTABLE_LINE_H
#define FREEHINT_CLI_PRINTABLE_LINE_H

#include <stddef.h>
#include <stdio.h>

#define PRINTABLE_LINE	4096

/**
 * printable_line() - print a line that has texts of others in it
 * @to:  stream
 * @fmt: the line, without its end
 *
 * All of it becomes printable. What is longer than PRINTABLE_LINE is cut.
 */
__attribute__((format(printf, 2, 3))) void printable_line(FILE *to, const char *fmt, ...);

/** printable_width() - characters of @text, which printable_copy() has made */
size_t printable_width(const char *text);

#endif /* FREEHINT_CLI_PRINTABLE_LINE_H */
