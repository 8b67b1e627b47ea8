/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes text of others fit for a terminal or a log.
 */
#ifndef FREEHINT_COMMON_PRINTABLE_H
#define FREEHINT_COMMON_PRINTABLE_H

#include <stddef.h>

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

#endif /* FREEHINT_COMMON_PRINTABLE_H */
