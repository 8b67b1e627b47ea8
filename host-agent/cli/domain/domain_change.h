/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the XML of a domain to the XML with freehint or without.
 */
#ifndef FREEHINT_CLI_DOMAIN_CHANGE_H
#define FREEHINT_CLI_DOMAIN_CHANGE_H

#include "domain_edit.h"

/**
 * struct domain_change - what is to be done, and the outcome
 * @target: what the domain shall have
 * @remove: take freehint out
 * @result: the new XML, owned by the caller; NULL: the domain is already as it shall be
 * @size:   bytes of @result
 * @error:  after a failure: the reason, as text for the user
 */
struct domain_change {
	struct domain_target target;
	bool remove;
	char *result;
	size_t size;
	char error[XML_TEXT_ERROR];
};

/**
 * domain_change() - change a domain
 * @change: @target and @remove are given, the rest is filled
 * @text:   its XML
 * @len:    bytes
 *
 * The result is parsed again, and must have what is wanted, before anybody gets it.
 *
 * Return: 0; -EINVAL or -ENOMEM with @change->error set.
 */
int domain_change(struct domain_change *change, const char *text, size_t len);

#endif /* FREEHINT_CLI_DOMAIN_CHANGE_H */
