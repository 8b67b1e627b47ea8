// SPDX-License-Identifier: GPL-2.0
/*
 * Understands a libvirt domain: what it is called, and which parts of its XML are
 * freehint's. What it does not understand it refuses, with the line.
 */
#define _GNU_SOURCE
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "../text/text.h"

/*
 * A socket's path has room for this many bytes of the domain's name. QEMU refuses a longer path and
 * would not start. Hook, unit and freehint-follow find a guest's agent by this path, so it has the
 * whole name: a part of it could be that of two domains.
 */
#define NAME_MAX_BYTES	(sizeof(((struct sockaddr_un *)0)->sun_path) -	\
			 sizeof(DOMAIN_MONITORS DOMAIN_MONITOR_END))

#define TYPES		2

/* With two such elements it would depend on libvirt which one counts. */
static int only_child(struct xml_text *xml, xmlNode *parent, const char *name, xmlNode **child)
{
	*child = xml_text_child(parent, name);
	if (!*child)
		return xml_text_refuse(xml, parent, "<%s> has no <%s>; add one",
				       (const char *)parent->name, name);
	if (xml_text_next((*child)->next, name))
		return xml_text_refuse(xml, xml_text_next((*child)->next, name), "a second <%s>; remove one",
				       name);
	return 0;
}

static int check_type(struct domain *domain)
{
	static const char *const types[TYPES] = { "kvm", "qemu" };
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (xml_text_is(domain->root, "type", types[i]))
			return 0;
	return xml_text_refuse(&domain->xml, domain->root,
			       "the domain's type is neither 'kvm' nor 'qemu', and freehint is for QEMU");
}

static int check_root(struct domain *domain)
{
	const char *name;

	domain->root = xmlDocGetRootElement(domain->xml.doc);
	name = (const char *)domain->root->name;
	if (domain->root->ns || strcmp(name, "domain") != 0)
		return xml_text_refuse(&domain->xml, domain->root,
				       "the document is a <%.40s>, not one <domain>; give what virsh dumpxml prints", name);
	return check_type(domain);
}

/* The name becomes the name of two files and a part of QEMU's command line. */
static int read_name(struct domain *domain)
{
	xmlNode *element;

	if (only_child(&domain->xml, domain->root, "name", &element))
		return -EINVAL;
	domain->name = (char *)xmlNodeGetContent(element);
	if (!domain->name || !*domain->name)
		return xml_text_refuse(&domain->xml, element, "the domain's name is empty; give it one");
	if (strchr(domain->name, '/') || text_has_control(domain->name))
		return xml_text_refuse(&domain->xml, element,
				       "a name with a slash or a control character cannot be a file's; rename the domain");
	if (strlen(domain->name) > NAME_MAX_BYTES)
		return xml_text_refuse(&domain->xml, element,
				       "the name has %zu bytes, the path of the agent's socket has room for %zu; rename the domain",
				       strlen(domain->name), NAME_MAX_BYTES);
	return 0;
}

/* An element in QEMU's namespace, with any prefix or with its own xmlns. */
static bool is_qemu(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       !strcmp((const char *)node->ns->href, DOMAIN_QEMU_NS) &&
	       !strcmp((const char *)node->name, name);
}

static int find_command(struct domain *domain)
{
	xmlNode *node;

	for (node = domain->root->children; node; node = node->next) {
		if (!is_qemu(node, "commandline"))
			continue;
		if (domain->command)
			return xml_text_refuse(&domain->xml, node, "a second <commandline>; put all arguments into one");
		domain->command = node;
	}
	return 0;
}

static xmlNode *next_arg(xmlNode *node)
{
	while (node && !is_qemu(node, "arg"))
		node = node->next;
	return node;
}

char *domain_name_of_monitor(const char *value)
{
	char *path = qemu_args_socket(value), *name = NULL;
	size_t len = path ? strlen(path) : 0, start = strlen(DOMAIN_MONITORS);
	size_t end = strlen(DOMAIN_MONITOR_END);

	if (len > start + end && text_starts_with(path, DOMAIN_MONITORS) &&
	    text_ends_with(path, DOMAIN_MONITOR_END))
		name = strndup(path + start, len - start - end);
	free(path);
	return name;
}

/* Another name is that of a copied domain, whose memory is there, too; or somebody's own. */
static bool is_our_monitor(const struct domain *domain, const char *value)
{
	char *name = domain_name_of_monitor(value);
	bool ours = name && (!strcmp(name, domain->name) || domain_has_memory_of(domain, name));

	free(name);
	return ours;
}

/* Return: where such a pair belongs, NULL if it is none of freehint's. */
static struct domain_pair *pairs_for(struct domain *domain, enum qemu_args_kind kind,
				     const char *value)
{
	if (kind == QEMU_ARGS_PLUGIN || kind == QEMU_ARGS_OBJECT)
		return domain->extension;
	if (kind == QEMU_ARGS_MONITOR && is_our_monitor(domain, value))
		return domain->monitor;
	return NULL;
}

/* @pair: its text is consumed. */
static int keep_pair(struct domain *domain, struct domain_pair *pairs,
		     const struct domain_pair *pair)
{
	size_t i;

	for (i = 0; i < DOMAIN_PAIRS; i++)
		if (!pairs[i].option) {
			pairs[i] = *pair;
			return 0;
		}
	xmlFree(pair->text);
	return xml_text_refuse(&domain->xml, pair->option,
			       "more than %d arguments are freehint's; remove what is there twice",
			       DOMAIN_PAIRS);
}

static int look_at_pair(struct domain *domain, xmlNode *option, xmlNode *value)
{
	struct domain_pair pair = { .option = option, .value = value }, *pairs = NULL;
	char *name = xml_text_value(option, "value");

	pair.text = xml_text_value(value, "value");
	if (name && pair.text) {
		pair.kind = qemu_args_kind(name, pair.text);
		pairs = pairs_for(domain, pair.kind, pair.text);
	}
	xmlFree(name);
	if (pairs)
		return keep_pair(domain, pairs, &pair) ? -EINVAL : 1;
	xmlFree(pair.text);
	return 0;
}

/* Another argument with the agent's socket path: -chardev with -mon, -monitor, -serial. */
static void look_for_monitor_path_user(struct domain *domain, xmlNode *arg)
{
	char *value = xml_text_value(arg, "value");
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	snprintf(path, sizeof(path), DOMAIN_MONITORS "%s" DOMAIN_MONITOR_END, domain->name);
	if (value && !domain->monitor_path_user && qemu_args_has_path(value, path))
		domain->monitor_path_user = arg;
	xmlFree(value);
}

static int find_pairs(struct domain *domain)
{
	xmlNode *option = domain->command ? next_arg(domain->command->children) : NULL, *value;
	int ret;

	while (option) {
		value = next_arg(option->next);
		ret = value ? look_at_pair(domain, option, value) : 0;
		if (ret < 0)
			return ret;
		if (!ret)
			look_for_monitor_path_user(domain, option);
		option = ret ? next_arg(value->next) : value;
	}
	return 0;
}

int domain_parse(struct domain *domain, const char *text, size_t len)
{
	int ret;

	memset(domain, 0, sizeof(*domain));
	ret = xml_text_parse(&domain->xml, text, len);
	if (ret)
		return ret;
	if (check_root(domain) || read_name(domain) ||
	    only_child(&domain->xml, domain->root, "devices", &domain->devices) ||
	    domain_find_shmem(domain) || find_command(domain) || find_pairs(domain))
		return -EINVAL;
	domain_find_other_shmem(domain);
	return 0;
}

void domain_free(struct domain *domain)
{
	size_t i;

	for (i = 0; i < DOMAIN_PAIRS; i++) {
		xmlFree(domain->extension[i].text);
		xmlFree(domain->monitor[i].text);
	}
	xmlFree(domain->name);
	xml_text_free(&domain->xml);
}

bool domain_is_enabled(const struct domain *domain)
{
	return (domain->shmem || domain->shmem_of_other) && domain->extension[0].option &&
	       domain->monitor[0].option;
}
