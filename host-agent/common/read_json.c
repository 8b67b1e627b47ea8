// SPDX-License-Identifier: GPL-2.0
/*
 * Reads JSON that QEMU has sent, also numbers that jansson refuses.
 */
#define _GNU_SOURCE
#include "read_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS		"0123456789"
/* What a number of JSON may consist of. */
#define NUMBER		DIGITS "+-.eE"
/* Digits of 2^64-1. */
#define MOST_DIGITS	20

static size_t span(const char *text, size_t len, const char *of)
{
	size_t i = 0;

	while (i < len && text[i] && strchr(of, text[i]))
		i++;
	return i;
}

/* Is it an integer that an unsigned 64-bit number can hold, and a signed one cannot? */
static bool is_wide(const char *number, size_t len, unsigned long long *value)
{
	char copy[MOST_DIGITS + 1];

	if (len > MOST_DIGITS || span(number, len, DIGITS) != len)
		return false;
	memcpy(copy, number, len);
	copy[len] = '\0';
	errno = 0;
	*value = strtoull(copy, NULL, 10);
	return !errno && *value > INT64_MAX;
}

static size_t put_number(FILE *to, const char *text, size_t len)
{
	size_t number = span(text, len, NUMBER);
	unsigned long long value;

	if (is_wide(text, number, &value))
		fprintf(to, "%lld", (long long)value);
	else
		fwrite(text, 1, number, to);
	return number;
}

static void put_narrow(FILE *to, const char *text, size_t len)
{
	bool in_string = false;
	size_t i, used;

	for (i = 0; i < len; i += used) {
		if (!in_string && strchr(DIGITS "-", text[i]) && text[i]) {
			used = put_number(to, text + i, len - i);
			continue;
		}
		used = in_string && text[i] == '\\' && i + 1 < len ? 2 : 1;
		in_string ^= text[i] == '"';
		fwrite(text + i, 1, used, to);
	}
}

static json_t *load_wide(const char *text, size_t len)
{
	char *narrow = NULL;
	size_t size = 0;
	json_t *object = NULL;
	FILE *to = open_memstream(&narrow, &size);

	if (!to)
		return NULL;
	put_narrow(to, text, len);
	if (!fclose(to))
		object = json_loadb(narrow, size, 0, NULL);
	free(narrow);
	return object;
}

json_t *read_json(const char *text, size_t len)
{
	json_t *value = json_loadb(text, len, 0, NULL);

	return value ? value : load_wide(text, len);
}
