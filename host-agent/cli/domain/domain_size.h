/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large a domain's shared memory has to be.
 */
#ifndef FREEHINT_CLI_DOMAIN_SIZE_H
#define FREEHINT_CLI_DOMAIN_SIZE_H

#include "domain.h"
#include "include/freehint/types.h"

/**
 * domain_size_mib() - size of the region that describes all memory of a domain
 * @domain: the domain
 * @mib:    filled
 *
 * Memory that can be plugged later counts, and so do the holes between.
 *
 * Return: 0 or -EINVAL, with @domain->xml.error set.
 */
int domain_size_mib(struct domain *domain, u64 *mib);

/**
 * domain_size_read() - bytes of an element like <memory unit='KiB'>N</memory>
 * @xml:     document
 * @element: the element
 * @name:    attribute that has the number; NULL: the content has it
 * @unit:    unit without an attribute "unit" or with an empty one, as libvirt has it
 * @bytes:   filled
 *
 * Return: 0 or -EINVAL, with @xml->error set.
 */
int domain_size_read(struct xml_text *xml, const xmlNode *element, const char *name,
		     const char *unit, u64 *bytes);

#endif /* FREEHINT_CLI_DOMAIN_SIZE_H */
