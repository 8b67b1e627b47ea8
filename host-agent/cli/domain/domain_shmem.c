// SPDX-License-Identifier: GPL-2.0
/*
 * Which <shmem> of a domain is freehint's: by its name the domain's own; that of the domain of
 * which this one is a copy by the arguments that use it, for anybody may choose such a name.
 */
#include "../text/text.h"
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libvirt takes in an alias of the user's. */
#define ALIAS_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static bool is_plain(const xmlNode *shmem)
{
	return xml_text_is(xml_text_child(shmem, "model"), "type", "ivshmem-plain");
}

static bool is_named(const xmlNode *shmem, const char *start, const char *rest)
{
	char *name = xml_text_value(shmem, "name");
	bool is = name && text_starts_with(name, start) &&
		  (!rest || !strcmp(name + strlen(start), rest));

	xmlFree(name);
	return is;
}

static bool is_named_after(const xmlNode *shmem, const char *domain)
{
	return is_named(shmem, DOMAIN_SHM, domain);
}

/* Freehint's for some domain, or somebody's own. */
static bool looks_like_ours(const xmlNode *shmem)
{
	return is_plain(shmem) && is_named(shmem, DOMAIN_SHM, NULL);
}

bool domain_has_memory_of(const struct domain *domain, const char *name)
{
	xmlNode *shmem = xml_text_child(domain->devices, "shmem");

	for (; shmem; shmem = xml_text_next(shmem->next, "shmem"))
		if (is_plain(shmem) && is_named_after(shmem, name))
			return true;
	return false;
}

/* Refuses a <shmem> that has our name but is not ours: it is unknown what a change would break. */
static int check_shmem(struct domain *domain, xmlNode *shmem)
{
	if (!is_plain(shmem))
		return xml_text_refuse(&domain->xml, shmem,
				       "this <shmem> has freehint's name but is no ivshmem-plain, rename it");
	if (!xml_text_is(shmem, "role", "master"))
		return xml_text_refuse(&domain->xml, shmem,
				       "this <shmem> has freehint's name but not role='master', so the domain could not migrate");
	if (domain->shmem)
		return xml_text_refuse(&domain->xml, shmem,
				       "a second <shmem> with freehint's name, take one out");
	domain->shmem = shmem;
	return 0;
}

int domain_find_shmem(struct domain *domain)
{
	xmlNode *shmem = xml_text_child(domain->devices, "shmem");
	unsigned int index = 0;

	for (; shmem; shmem = xml_text_next(shmem->next, "shmem"), index++) {
		if (!is_named_after(shmem, domain->name))
			continue;
		if (check_shmem(domain, shmem))
			return -EINVAL;
		domain->shmem_index = index;
	}
	if (!domain->shmem)
		domain->shmem_index = index;
	return 0;
}

char *domain_memdev(const xmlNode *shmem, unsigned int index)
{
	xmlNode *alias = xml_text_child(shmem, "alias");
	char *name = xml_text_value(alias, "name"), *memdev;

	/* libvirt gives every other alias anew at each start. */
	if (name && text_starts_with(name, "ua-") && !name[strspn(name, ALIAS_CHARS)])
		memdev = text_printf("shmmem-%s", name);
	else
		memdev = text_printf("shmmem-shmem%u", index);
	xmlFree(name);
	return memdev;
}

static bool extension_uses(const struct domain *domain, const xmlNode *shmem, unsigned int index)
{
	char *memdev = domain_memdev(shmem, index);
	bool uses = false;
	size_t i;

	for (i = 0; memdev && i < DOMAIN_PAIRS && domain->extension[i].option; i++)
		uses = uses || qemu_args_has(domain->extension[i].text, "memdev",
					     memdev);
	free(memdev);
	return uses;
}

static bool monitor_belongs_to(const struct domain *domain, const xmlNode *shmem)
{
	bool belongs = false;
	char *name;
	size_t i;

	for (i = 0; i < DOMAIN_PAIRS && domain->monitor[i].option; i++) {
		name = domain_name_of_monitor(domain->monitor[i].text);
		belongs = belongs || (name && is_named_after(shmem, name));
		free(name);
	}
	return belongs;
}

bool domain_owns_shmem(const struct domain *domain, const xmlNode *shmem, unsigned int index)
{
	return looks_like_ours(shmem) &&
	       (is_named_after(shmem, domain->name) || monitor_belongs_to(domain, shmem) ||
		extension_uses(domain, shmem, index));
}

void domain_find_other_shmem(struct domain *domain)
{
	xmlNode *shmem = xml_text_child(domain->devices, "shmem");
	unsigned int index = 0;

	for (; shmem; shmem = xml_text_next(shmem->next, "shmem"), index++) {
		if (shmem == domain->shmem || !looks_like_ours(shmem))
			continue;
		if (!domain_owns_shmem(domain, shmem, index))
			domain->shmem_like_ours = shmem;
		else if (!domain->shmem_of_other)
			domain->shmem_of_other = shmem;
	}
}
