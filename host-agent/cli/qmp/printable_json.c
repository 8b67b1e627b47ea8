// SPDX-License-Identifier: GPL-2.0
/*
 * Makes JSON of others fit for a terminal: each text in it, and each name of a member.
 *
 * jansson reads at most 2048 levels, so the recursion ends.
 */
#include "printable_json.h"

#include <stdlib.h>
#include <string.h>

#include "host-agent/common/printable.h"

/* Return: to be freed by the caller; NULL without memory. */
static char *printable_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	if (copy)
		printable_copy(copy, size, text);
	return copy;
}

static json_t *printable_string(const json_t *string)
{
	char *text = printable_text(json_string_value(string));
	json_t *copy = text ? json_string(text) : NULL;

	free(text);
	return copy;
}

static json_t *printable_array(const json_t *array)
{
	json_t *copy = json_array(), *item;
	size_t i;

	json_array_foreach(array, i, item) {
		if (!json_array_append_new(copy, printable_json(item)))
			continue;
		json_decref(copy);
		return NULL;
	}
	return copy;
}

static json_t *printable_object(json_t *object)
{
	json_t *copy = json_object(), *item;
	const char *key;
	char *name;
	int ret;

	json_object_foreach(object, key, item) {
		name = printable_text(key);
		ret = json_object_set_new(copy, name, printable_json(item));
		free(name);
		if (!ret)
			continue;
		json_decref(copy);
		return NULL;
	}
	return copy;
}

json_t *printable_json(json_t *value)
{
	if (json_is_object(value))
		return printable_object(value);
	if (json_is_array(value))
		return printable_array(value);
	if (json_is_string(value))
		return printable_string(value);
	return json_incref(value);
}
