/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Puts freehint into the XML of a libvirt domain, and takes it out again.
 */
#ifndef FREEHINT_CLI_DOMAIN_EDIT_H
#define FREEHINT_CLI_DOMAIN_EDIT_H

#include "../text/text_edits.h"
#include "domain.h"

/**
 * struct domain_target - what the domain shall have
 * @extension: path of freehint-qemu.so; NULL: QEMU has freehint built in
 * @replace:   also in a domain that has freehint already, which keeps its own otherwise: QEMU would
 *             end at an extension that it cannot load
 */
struct domain_target {
	const char *extension;
	bool replace;
};

/**
 * domain_add() - what has to change so that the domain has freehint
 * @domain: the domain
 * @target: what it shall have
 * @edits:  filled; without any change the domain has it already
 *
 * Return: 0 or -EINVAL, with @domain->xml.error set.
 */
int domain_add(struct domain *domain, const struct domain_target *target,
	       struct text_edits *edits);

/**
 * domain_remove() - what has to change so that the domain does not have freehint
 * @domain: the domain
 * @edits:  filled; without any change there is nothing of freehint
 *
 * Also takes out the <shmem> of the domain that this one is a copy of.
 */
void domain_remove(struct domain *domain, struct text_edits *edits);

#endif /* FREEHINT_CLI_DOMAIN_EDIT_H */
