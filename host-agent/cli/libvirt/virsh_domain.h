/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which domain of libvirt is meant: virsh takes "5" for the id 5 also where a domain has this
 * name. So a name is looked for first, and virsh is given the UUID.
 */
#ifndef FREEHINT_CLI_VIRSH_DOMAIN_H
#define FREEHINT_CLI_VIRSH_DOMAIN_H

#include "virsh.h"

/* Characters of a UUID. */
#define VIRSH_UUID	36

/**
 * struct virsh_domain - a domain that libvirt has
 * @uuid: its UUID, which virsh takes for nothing else
 * @name: its name, owned
 */
struct virsh_domain {
	char uuid[VIRSH_UUID + 1];
	char *name;
};

/**
 * virsh_domain_find() - find the domain that somebody has named
 * @virsh:  connection
 * @given:  its name; where no domain has this name: its id or UUID
 * @domain: filled; call virsh_domain_free() after success
 *
 * Return: 0 or a negative errno with @virsh->error set.
 */
int virsh_domain_find(struct virsh *virsh, const char *given, struct virsh_domain *domain);

/** virsh_domain_free() - free what virsh_domain_find() has allocated */
void virsh_domain_free(struct virsh_domain *domain);

#endif /* FREEHINT_CLI_VIRSH_DOMAIN_H */
