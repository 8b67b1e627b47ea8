// SPDX-License-Identifier: GPL-2.0
/*
 * Takes freehint out of the XML of a libvirt domain.
 */
#include <string.h>

#include "../text/xml_insert.h"
#include "domain_edit.h"

static unsigned int cut_pairs(const struct domain *domain, const struct domain_pair *pairs,
			      struct text_edits *edits)
{
	unsigned int i;

	for (i = 0; i < DOMAIN_PAIRS && pairs[i].option; i++)
		if (edits) {
			xml_cut(&domain->xml, pairs[i].option, edits);
			xml_cut(&domain->xml, pairs[i].value, edits);
		}
	return 2 * i;
}

/* Elements and comments; whoever wrote a comment wants to keep it. */
static unsigned int things_in(const xmlNode *parent)
{
	unsigned int count = 0;
	const xmlNode *node;

	for (node = parent->children; node; node = node->next)
		count += !xmlIsBlankNode(node);
	return count;
}

/* The node that follows in the document, without what is in @node unless @into; NULL: none. */
static const xmlNode *next_node(const xmlNode *node, bool into)
{
	if (into && node->type == XML_ELEMENT_NODE && node->children)
		return node->children;
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}

/* The declaration of "qemu" that <domain> has, or NULL. */
static const xmlNs *declaration(const struct domain *domain)
{
	const xmlNs *ns = domain->root->nsDef;

	while (ns && (!ns->prefix || strcmp((const char *)ns->prefix, "qemu") != 0))
		ns = ns->next;
	return ns;
}

static bool uses(const xmlNode *element, const xmlNs *ns)
{
	const xmlAttr *attribute;

	for (attribute = element->properties; attribute; attribute = attribute->next)
		if (attribute->ns == ns)
			return true;
	return element->ns == ns;
}

/* The declaration where domain_add() puts it, unless somebody needs it. */
static void cut_prefix(const struct domain *domain, struct text_edits *edits)
{
	const struct xml_place *place = xml_text_place(domain->root);
	size_t len = sizeof(DOMAIN_QEMU_DECLARED) - 1, end = place->inside - 1;
	const xmlNs *ns = declaration(domain);
	const xmlNode *node;

	for (node = domain->root; ns && node; node = next_node(node, node != domain->command))
		if (node != domain->command && node->type == XML_ELEMENT_NODE && uses(node, ns))
			return;
	if (end > len && !strncmp(domain->xml.text + end - len, DOMAIN_QEMU_DECLARED, len))
		text_edits_cut(edits, end - len, end);
}

void domain_remove(struct domain *domain, struct text_edits *edits)
{
	xmlNode *shmem = xml_text_child(domain->devices, "shmem");
	unsigned int ours = cut_pairs(domain, domain->extension, NULL) +
			    cut_pairs(domain, domain->monitor, NULL);
	unsigned int index = 0;

	for (; shmem; shmem = xml_text_next(shmem->next, "shmem"), index++)
		if (domain_owns_shmem(domain, shmem, index))
			xml_cut(&domain->xml, shmem, edits);
	if (!ours)
		return;
	if (things_in(domain->command) == ours) {
		xml_cut(&domain->xml, domain->command, edits);
		cut_prefix(domain, edits);
		return;
	}
	cut_pairs(domain, domain->extension, edits);
	cut_pairs(domain, domain->monitor, edits);
}
