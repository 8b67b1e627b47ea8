/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads a number from a peer's JSON: counts and sizes, which are never negative.
 */
#ifndef FREEHINT_JSON_NATURAL_H
#define FREEHINT_JSON_NATURAL_H

#include <jansson.h>

#include "include/freehint/types.h"

/** json_natural() - member @key of @object; 0 if it is missing, negative or no integer */
static inline u64 json_natural(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (u64)value : 0;
}

#endif /* FREEHINT_JSON_NATURAL_H */
