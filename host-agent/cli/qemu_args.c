// SPDX-License-Identifier: GPL-2.0
/*
 * Recognises the arguments of QEMU that freehint puts into a domain, and reads them.
 */
#include "qemu_args.h"

#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

bool qemu_args_is_extension(const char *text)
{
	return strstr(text, "freehint-qemu.so");
}

bool qemu_args_load(const char *option, const char *value)
{
	if (!strcmp(option, "-plugin"))
		return qemu_args_is_extension(value);
	return !strcmp(option, "-object") && starts_with(value, "freehint,");
}

/* Return: the single comma that ends the value at @text, or the end of the text. */
static const char *value_end(const char *text)
{
	for (; *text && (*text != ',' || text[1] == ','); text++)
		text += *text == ',';
	return text;
}

/* What is between "unix:", "path=" and the first single comma. */
char *qemu_args_socket(const char *option, const char *value)
{
	const char *from, *end;
	char *path, *to;

	if (strcmp(option, "-qmp") != 0 || !starts_with(value, "unix:"))
		return NULL;
	from = value + strlen("unix:");
	if (starts_with(from, "path="))
		from += strlen("path=");
	end = value_end(from);
	path = malloc((size_t)(end - from) + 1);
	if (!path)
		return NULL;
	for (to = path; from < end; from++) {
		from += *from == ',';
		*to++ = *from;
	}
	*to = '\0';
	return path;
}

bool qemu_args_has(const char *value, const char *key, const char *wanted)
{
	size_t key_len = strlen(key), len = strlen(wanted);
	const char *end;

	for (;; value = end + 1) {
		end = value_end(value);
		if (!strncmp(value, key, key_len) && value[key_len] == '=' &&
		    end == value + key_len + 1 + len &&
		    !strncmp(value + key_len + 1, wanted, len))
			return true;
		if (!*end)
			return false;
	}
}
