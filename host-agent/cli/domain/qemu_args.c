// SPDX-License-Identifier: GPL-2.0
/*
 * Recognises the arguments of QEMU that freehint puts into a domain, and reads them.
 */
#include "qemu_args.h"

#include <stdlib.h>
#include <string.h>

#include "../text/text.h"

bool qemu_args_is_extension(const char *text)
{
	return strstr(text, "freehint-qemu.so");
}

const char *qemu_args_end(const char *text)
{
	for (; *text && (*text != ',' || text[1] == ','); text++)
		text += *text == ',';
	return text;
}

/* The path is behind @key among the options, or the first word. */
static const char *find_path(const char *options, const char *key)
{
	const char *at;

	for (at = options; !text_starts_with(at, key); at++) {
		at = qemu_args_end(at);
		if (!*at)
			return options;
	}
	return at + strlen(key);
}

/* Return: what is between @from and the first single comma, with single commas. */
static char *copy_path(const char *from)
{
	const char *end = qemu_args_end(from);
	char *path, *to;

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

char *qemu_args_socket(const char *value)
{
	if (!text_starts_with(value, "unix:"))
		return NULL;
	return copy_path(find_path(value + strlen("unix:"), "path="));
}

/* Return: behind @path at @text, NULL if it is not there. */
static const char *skip_path(const char *text, const char *path)
{
	for (; *path; path++, text++)
		if (*text != *path || (*path == ',' && *++text != ','))
			return NULL;
	return text;
}

/* Behind the value of an option, be it of a list or of JSON. */
static bool is_end(const char *text)
{
	return !*text || *text == '"' || (*text == ',' && text[1] != ',');
}

bool qemu_args_has_path(const char *value, const char *path)
{
	const char *at, *end;

	for (at = strchr(value, *path); at; at = strchr(at + 1, *path)) {
		end = skip_path(at, path);
		if (end && is_end(end) && (at == value || strchr("=:\"", at[-1])))
			return true;
	}
	return false;
}

char *qemu_args_file(const char *value)
{
	return copy_path(find_path(value, "file="));
}

/* A first word with "=" in it is no path to QEMU, so the key is written. */
char *qemu_args_with_file(const char *value, const char *file)
{
	const char *path = find_path(value, "file=");

	return text_printf("%.*s%s%s%s", (int)(path - value), value, path == value ? "file=" : "",
			   file, qemu_args_end(path));
}

/* Return: behind the blanks at @text, or NULL if @text is NULL. */
static const char *skip_blanks(const char *text)
{
	return text ? text + strspn(text, " \t\r\n") : NULL;
}

/* Return: behind the string @wanted at @text, or NULL. Nobody writes our words with escapes. */
static const char *skip_string(const char *text, const char *wanted)
{
	size_t len = strlen(wanted);

	if (*text != '"' || strncmp(text + 1, wanted, len) != 0 || text[1 + len] != '"')
		return NULL;
	return text + len + 2;
}

static bool json_has(const char *value, const char *key, const char *wanted)
{
	const char *at, *rest;

	for (at = strchr(value, '"'); at; at = strchr(at + 1, '"')) {
		rest = skip_blanks(skip_string(at, key));
		if (rest && *rest == ':' && skip_string(skip_blanks(rest + 1), wanted))
			return true;
	}
	return false;
}

static bool list_has(const char *value, const char *key, const char *wanted)
{
	size_t key_len = strlen(key), len = strlen(wanted);
	const char *end;

	/* The first word of a plugin may be its file, without the key. */
	if (!strcmp(key, "file") && text_starts_with(value, wanted) &&
	    (!value[len] || value[len] == ','))
		return true;
	for (;; value = end + 1) {
		end = qemu_args_end(value);
		if (!strncmp(value, key, key_len) && value[key_len] == '=' &&
		    end == value + key_len + 1 + len &&
		    !strncmp(value + key_len + 1, wanted, len))
			return true;
		if (!*end)
			return false;
	}
}

bool qemu_args_has(const char *value, const char *key, const char *wanted)
{
	return *value == '{' ? json_has(value, key, wanted) : list_has(value, key, wanted);
}

/* The type may be the first word, without its key. */
static bool is_our_object(const char *value)
{
	size_t len = strlen("freehint");

	return (text_starts_with(value, "freehint") && (!value[len] || value[len] == ',')) ||
	       qemu_args_has(value, "qom-type", "freehint");
}

enum qemu_args_kind qemu_args_kind(const char *option, const char *value)
{
	option += option[0] == '-' && option[1] == '-';
	if (!strcmp(option, "-plugin") && qemu_args_is_extension(value))
		return QEMU_ARGS_PLUGIN;
	if (!strcmp(option, "-object") && is_our_object(value))
		return QEMU_ARGS_OBJECT;
	if (!strcmp(option, "-qmp") || !strcmp(option, "-qmp-pretty"))
		return QEMU_ARGS_MONITOR;
	return QEMU_ARGS_OTHER;
}
