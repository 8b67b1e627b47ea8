/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes JSON of others fit for a terminal.
 */
#ifndef FREEHINT_CLI_PRINTABLE_JSON_H
#define FREEHINT_CLI_PRINTABLE_JSON_H

#include <jansson.h>

/**
 * printable_json() - copy a value, with the texts in it as printable_copy() makes them
 * @value: any, or NULL
 *
 * Return: a new reference; NULL without @value, or without memory.
 */
json_t *printable_json(json_t *value);

#endif /* FREEHINT_CLI_PRINTABLE_JSON_H */
