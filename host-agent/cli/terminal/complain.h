/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The messages of the tool to its user: "freehint COMMAND: MESSAGE", on standard error.
 */
#ifndef FREEHINT_CLI_COMPLAIN_H
#define FREEHINT_CLI_COMPLAIN_H

/** complain_as() - name the command that speaks, not copied; nobody at first */
void complain_as(const char *command);

/**
 * complain() - print a message on a line of its own, behind the command's name
 * @fmt: the message, without its end
 *
 * A line of progress ends before. What a terminal might obey in the message is a "?".
 */
__attribute__((format(printf, 1, 2))) void complain(const char *fmt, ...);

/** complain_of() - likewise about something that has the name @what: "freehint COMMAND WHAT: " */
__attribute__((format(printf, 2, 3))) void complain_of(const char *what, const char *fmt, ...);

#endif /* FREEHINT_CLI_COMPLAIN_H */
