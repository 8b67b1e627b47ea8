/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes text of others fit for a terminal.
 */
#ifndef FREEHINT_CLI_PRINTABLE_H
#define FREEHINT_CLI_PRINTABLE_H

#include <stddef.h>
#include <stdio.h>

#define PRINTABLE_LINE	4096

/**
 * printable_copy() - copy text, with a "?" for all that a terminal might obey
 * @to:   filled, ends with a zero
 * @size: bytes in @to, at least 1
 * @text: any bytes up to a zero
 *
 * What is left is UTF-8 without control characters and without marks that turn or hide
 * other characters. Text that does not fit is cut between two characters.
 */
void printable_copy(char *to, size_t size, const char *text);

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

#endif /* FREEHINT_CLI_PRINTABLE_H */
