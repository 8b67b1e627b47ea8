// SPDX-License-Identifier: GPL-2.0
/*
 * Finds a domain in virsh's list of all: by its name, and only if none has this name by what
 * virsh takes it for.
 */
#include "virsh_domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/text.h"

/**
 * struct row - a line of the list, "UUID NAME"
 * @uuid: VIRSH_UUID characters
 * @name: what follows; a virsh may fill it up with spaces
 * @len:  bytes of @name
 */
struct row {
	const char *uuid;
	const char *name;
	size_t len;
};

/* Take the next line that has a domain. Return: false at the end. */
static bool next_row(const char **list, struct row *row)
{
	const char *line;
	size_t len;

	while (**list) {
		line = *list;
		len = strcspn(line, "\n");
		*list += len + (line[len] == '\n');
		if (len <= VIRSH_UUID + 1 || line[VIRSH_UUID] != ' ')
			continue;
		row->uuid = line;
		row->name = line + VIRSH_UUID + 1;
		row->len = len - VIRSH_UUID - 1;
		return true;
	}
	return false;
}

static bool has_name(const struct row *row, const char *name)
{
	size_t len = strlen(name);

	return len && len <= row->len && !memcmp(row->name, name, len) &&
	       strspn(row->name + len, " ") >= row->len - len;
}

static int keep(struct virsh *virsh, const struct row *row, size_t len,
		struct virsh_domain *domain)
{
	memcpy(domain->uuid, row->uuid, VIRSH_UUID);
	domain->uuid[VIRSH_UUID] = '\0';
	domain->name = strndup(row->name, len);
	if (domain->name)
		return 0;
	snprintf(virsh->error, sizeof(virsh->error), "no memory for a name; free some on this host");
	return -ENOMEM;
}

/* Return: 1 found, 0 there is no such name, or negative errno. */
static int find_by_name(struct virsh *virsh, const char *list, const char *name,
			struct virsh_domain *domain)
{
	struct row row, found;
	unsigned int count = 0;
	int ret;

	while (next_row(&list, &row))
		if (has_name(&row, name) && !count++)
			found = row;
	if (!count)
		return 0;
	if (count > 1) {
		snprintf(virsh->error, sizeof(virsh->error),
			 "%u domains have names that differ in spaces at their ends only: give the UUID",
			 count);
		return -EEXIST;
	}
	ret = keep(virsh, &found, strlen(name), domain);
	return ret ? ret : 1;
}

static int find_by_uuid(struct virsh *virsh, const char *list, const char *uuid,
			struct virsh_domain *domain)
{
	struct row row;
	size_t len;

	while (strlen(uuid) >= VIRSH_UUID && next_row(&list, &row)) {
		if (memcmp(row.uuid, uuid, VIRSH_UUID) != 0)
			continue;
		for (len = row.len; len > 1 && row.name[len - 1] == ' '; len--)
			;
		return keep(virsh, &row, len, domain);
	}
	snprintf(virsh->error, sizeof(virsh->error),
		 "the domain is not in virsh's list of all: it has ended or is new, try again");
	return -ENOENT;
}

/* An id, or a UUID: virsh knows which domain has it. */
static int find_as_virsh(struct virsh *virsh, const char *list, const char *given,
			 struct virsh_domain *domain)
{
	char *option = text_printf("--domain=%s", given), *uuid;
	const char *const args[] = { "domuuid", option, NULL };
	size_t size;
	int ret;

	if (!option) {
		snprintf(virsh->error, sizeof(virsh->error), "no memory for a name; free some on this host");
		return -ENOMEM;
	}
	ret = virsh_run(virsh, args, NULL, 0, &uuid, &size);
	free(option);
	if (ret)
		return ret;
	ret = find_by_uuid(virsh, list, uuid, domain);
	free(uuid);
	return ret;
}

int virsh_domain_find(struct virsh *virsh, const char *given, struct virsh_domain *domain)
{
	static const char *const args[] = { "list", "--all", "--uuid", "--name", NULL };
	char *list;
	size_t size;
	int ret;

	ret = virsh_run(virsh, args, NULL, 0, &list, &size);
	if (ret)
		return ret;
	ret = find_by_name(virsh, list, given, domain);
	if (!ret)
		ret = find_as_virsh(virsh, list, given, domain);
	free(list);
	return ret < 0 ? ret : 0;
}

void virsh_domain_free(struct virsh_domain *domain)
{
	free(domain->name);
	domain->name = NULL;
}
