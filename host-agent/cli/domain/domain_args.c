// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of QEMU that freehint puts into a domain, and the names in them.
 */
#define _GNU_SOURCE
#include "domain_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/text.h"

char *domain_double_commas(const char *value)
{
	char *doubled = malloc(2 * strlen(value) + 1), *to = doubled;

	if (!doubled)
		return NULL;
	for (; *value; value++) {
		if (*value == ',')
			*to++ = ',';
		*to++ = *value;
	}
	*to = '\0';
	return doubled;
}

/* QEMU parses a value that contains '=' as options. 'path=' marks it as a path. */
char *domain_monitor_value(const char *name)
{
	char *doubled = domain_double_commas(name), *value = NULL;

	if (doubled)
		value = text_printf("unix:%s" DOMAIN_MONITORS "%s" DOMAIN_MONITOR_END ",server=on,wait=off",
				    strchr(name, '=') ? "path=" : "", doubled);
	free(doubled);
	return value;
}

char *domain_extension_value(const char *extension, const char *memdev, const char *options)
{
	char *path, *value = NULL;

	if (!extension)
		return text_printf("freehint,id=fh0,memdev=%s%s", memdev, options);
	path = domain_double_commas(extension);
	if (path)
		value = text_printf("file=%s,memdev=%s%s", path, memdev, options);
	free(path);
	return value;
}

static bool is_one_of(const char *option, size_t len, const char *const *keys)
{
	for (; *keys; keys++)
		if (strlen(*keys) == len && !strncmp(option, *keys, len))
			return true;
	return false;
}

/* What names the extension and its memory: domain_extension_value() writes it. */
static bool is_name(const char *option, size_t len, bool first)
{
	static const char *const keys[] = { "file", "qom-type", "id", "memdev", NULL };

	return option[len] == '=' ? is_one_of(option, len, keys) : first;
}

static bool is_common(const char *option, size_t len)
{
	static const char *const keys[] = {
		"first-wait-ms", "later-wait-ms", "autostart", "audit", "give-back",
		"give-back-order", "give-back-leave", NULL
	};

	return option[len] == '=' && is_one_of(option, len, keys);
}

char *domain_extension_options(const char *value, bool common)
{
	size_t len, key, size;
	char *options = NULL;
	const char *at;
	FILE *out;

	out = open_memstream(&options, &size);
	if (!out)
		return NULL;
	for (at = value; *at; at += len + (at[len] == ',')) {
		len = (size_t)(qemu_args_end(at) - at);
		key = strcspn(at, "=,");
		if (!is_name(at, key, at == value) && is_common(at, key) == common)
			fprintf(out, ",%.*s", (int)len, at);
	}
	if (!fclose(out))
		return options;
	free(options);
	return NULL;
}

char *domain_monitor_path(const struct domain *domain)
{
	return qemu_args_socket(domain->monitor[0].text);
}

char *domain_shm_path(const struct domain *domain)
{
	xmlNode *shmem = domain->shmem ? domain->shmem : domain->shmem_of_other;
	char *name = xml_text_value(shmem, "name");
	char *path = text_printf("/dev/shm/%s", name ? name : "");

	xmlFree(name);
	return path;
}
