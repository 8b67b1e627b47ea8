/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of the fuzzed QMP commands: a list of ranges as it should be, and values as they
 * should not.
 */
#ifndef FREEHINT_ODD_ARGS_H
#define FREEHINT_ODD_ARGS_H

#include <jansson.h>

#include "fuzz.h"
#include "include/freehint/qmp_names.h"
#include "include/freehint/shm_layout.h"

/**
 * odd_value() - a value for any argument, which mostly has another type
 * @which: chosen by the input
 * @text:  a string that means something to the command
 * @json:  one more value; the stored inputs know it by its number
 */
static inline json_t *odd_value(u8 which, const char *text, const char *json)
{
	switch (which % 8) {
	case 0:
		return json_integer(-1);
	case 1:
		return json_string(text);
	case 2:
		return json_null();
	case 3:
		return json_array();
	case 4:
		return json_real(1.5);
	case 5:
		return json_integer(INT64_MAX);
	case 6:
		return json_loads(json, JSON_DECODE_ANY, NULL);
	default:
		return json_pack("[i]", 7);
	}
}

/** list_of() - @count ranges as the argument; @sound is cleared if JSON cannot hold one */
static inline json_t *list_of(const struct freehint_range *range, unsigned int count, bool *sound)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < count; i++) {
		/* A number above 2^63 is none that JSON integers hold. */
		*sound = *sound && range[i].start <= INT64_MAX && range[i].length <= INT64_MAX;
		json_array_append_new(list, json_pack("{s:I, s:I}",
			FREEHINT_ARG_START, (json_int_t)range[i].start,
			FREEHINT_ARG_LENGTH, (json_int_t)range[i].length));
	}
	return list;
}

#endif /* FREEHINT_ODD_ARGS_H */
