/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The settings of the agent for a domain, as a drop-in for its unit.
 */
#ifndef FREEHINT_CLI_AGENT_UNIT_H
#define FREEHINT_CLI_AGENT_UNIT_H

#include <stddef.h>

#include "../commands.h"

/**
 * agent_unit_print() - print the drop-in
 * @text: XML of a domain
 * @len:  bytes
 *
 * Return: CLI_OK; CLI_WRONG if the domain has no freehint, or is refused with a message.
 */
enum cli_exit agent_unit_print(const char *text, size_t len);

#endif /* FREEHINT_CLI_AGENT_UNIT_H */
