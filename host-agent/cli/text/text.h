/* SPDX-License-Identifier: GPL-2.0 */
/*
 * String helpers of the tool.
 */
#ifndef FREEHINT_CLI_TEXT_H
#define FREEHINT_CLI_TEXT_H

#include <stdbool.h>

/** text_printf() - like asprintf(); Return: the text, to be freed; NULL without memory */
__attribute__((format(printf, 1, 2))) char *text_printf(const char *fmt, ...);

/** text_starts_with() - does @text begin with @start? */
bool text_starts_with(const char *text, const char *start);

/** text_ends_with() - does @text end with @end, and is it longer? */
bool text_ends_with(const char *text, const char *end);

/** text_has_control() - does @text have a control character? */
bool text_has_control(const char *text);

#endif /* FREEHINT_CLI_TEXT_H */
