/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A libvirt domain as freehint sees it: its name, and which parts of its XML are freehint's.
 */
#ifndef FREEHINT_CLI_DOMAIN_H
#define FREEHINT_CLI_DOMAIN_H

#include "../text/xml_text.h"
#include "qemu_args.h"

/* The namespace of <qemu:commandline>. */
#define DOMAIN_QEMU_NS	"http://libvirt.org/schemas/domain/qemu/1.0"

/* Its declaration, as it follows the last attribute. */
#define DOMAIN_QEMU_DECLARED " xmlns:qemu='" DOMAIN_QEMU_NS "'"

/* Where the agent's monitor is, without the name. */
#define DOMAIN_MONITORS	"/run/freehint/"
#define DOMAIN_MONITOR_END ".qmp"

/* What the name of freehint's memory begins with; it is a file in /dev/shm. */
#define DOMAIN_SHM	"freehint-"

/* So many pairs of arguments of one kind are looked at; freehint writes one. */
#define DOMAIN_PAIRS	4

/**
 * struct domain_pair - an argument of QEMU and its value, two elements <qemu:arg>
 * @option: "-plugin" or the like, NULL: there is no such pair
 * @value:  what follows it
 * @text:   the value as text, owned
 * @kind:   what they are
 */
struct domain_pair {
	xmlNode *option;
	xmlNode *value;
	char *text;
	enum qemu_args_kind kind;
};

/**
 * struct domain - a domain
 * @xml:       its text and tree
 * @root:      <domain>
 * @devices:   its <devices>
 * @command:   its <qemu:commandline>, or NULL
 * @name:      its name
 * @shmem:     freehint's <shmem>, NULL: none
 * @shmem_index: its number among all <shmem>; without one: that of the next
 * @shmem_of_other: the first <shmem> that freehint made for another domain
 * @shmem_like_ours: a <shmem> with such a name of which the domain has nothing else
 * @extension: the extension's pairs, in the order of the document
 * @monitor:   the agent's monitor's, likewise
 * @monitor_path_user: another argument that has the path of the agent's monitor, or NULL
 */
struct domain {
	struct xml_text xml;
	xmlNode *root;
	xmlNode *devices;
	xmlNode *command;
	char *name;
	xmlNode *shmem;
	unsigned int shmem_index;
	xmlNode *shmem_of_other;
	xmlNode *shmem_like_ours;
	struct domain_pair extension[DOMAIN_PAIRS];
	struct domain_pair monitor[DOMAIN_PAIRS];
	xmlNode *monitor_path_user;
};

/**
 * domain_parse() - understand a domain
 * @domain: filled; call domain_free() after success and after failure
 * @text:   its XML; must stay valid
 * @len:    bytes
 *
 * Return: 0 or -EINVAL, with @domain->xml.error set.
 */
int domain_parse(struct domain *domain, const char *text, size_t len);

/** domain_free() - free what domain_parse() has allocated */
void domain_free(struct domain *domain);

/** domain_find_shmem() - domain_parse() has it find @domain->shmem; 0 or -EINVAL */
int domain_find_shmem(struct domain *domain);

/** domain_find_other_shmem() - likewise @domain->shmem_of_other and @domain->shmem_like_ours */
void domain_find_other_shmem(struct domain *domain);

/** domain_has_memory_of() - does it have the <shmem> that freehint makes for this name? */
bool domain_has_memory_of(const struct domain *domain, const char *name);

/**
 * domain_owns_shmem() - is this <shmem> made by freehint, for this domain or for another?
 * @domain: the domain
 * @shmem:  the <shmem>
 * @index:  its number among all <shmem>
 *
 * For another: then the extension uses it, or the agent's monitor has the same name.
 */
bool domain_owns_shmem(const struct domain *domain, const xmlNode *shmem, unsigned int index);

/**
 * domain_memdev() - libvirt's name of the memory behind a <shmem>
 * @shmem: the <shmem>, NULL: one without an alias
 * @index: its number among all <shmem>
 *
 * Return: to be freed by the caller; NULL without memory.
 */
char *domain_memdev(const xmlNode *shmem, unsigned int index);

/**
 * domain_name_of_monitor() - whose agent's monitor is this?
 * @value: what follows "-qmp"
 *
 * Return: the domain's name, to be freed by the caller; NULL if it is no agent's, or without
 * memory.
 */
char *domain_name_of_monitor(const char *value);

/** domain_is_enabled() - does the domain have all of freehint's parts, under any name? */
bool domain_is_enabled(const struct domain *domain);

#endif /* FREEHINT_CLI_DOMAIN_H */
