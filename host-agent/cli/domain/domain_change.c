// SPDX-License-Identifier: GPL-2.0
/*
 * From the XML of a domain to the XML with freehint or without: parse, collect the changes,
 * make them, look whether the result is what was wanted.
 */
#include "domain_change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int plan(struct domain_change *change, struct domain *domain, struct text_edits *edits)
{
	if (!change->remove)
		return domain_add(domain, &change->target, edits);
	domain_remove(domain, edits);
	return 0;
}

/* If the result is right, the same change has nothing left to do in it. */
static bool is_right(struct domain_change *change)
{
	struct text_edits edits = { .count = 0 };
	struct domain domain;
	bool right;

	right = !domain_parse(&domain, change->result, change->size) &&
		!plan(change, &domain, &edits) && !edits.count && !edits.full &&
		(change->remove || domain_is_enabled(&domain));
	text_edits_free(&edits);
	domain_free(&domain);
	return right;
}

static int make(struct domain_change *change, struct text_edits *edits, const char *text,
		size_t len)
{
	change->result = text_edits_apply(edits, text, len, &change->size);
	if (!change->result) {
		snprintf(change->error, sizeof(change->error), "no memory for the changes; free some on this host");
		return -ENOMEM;
	}
	if (is_right(change))
		return 0;
	snprintf(change->error, sizeof(change->error),
		 "the changed document would not be what was wanted, nothing was written; please report this domain");
	free(change->result);
	change->result = NULL;
	return -EINVAL;
}

int domain_change(struct domain_change *change, const char *text, size_t len)
{
	struct text_edits edits = { .count = 0 };
	struct domain domain;
	int ret;

	change->result = NULL;
	ret = domain_parse(&domain, text, len);
	if (!ret)
		ret = plan(change, &domain, &edits);
	if (ret)
		snprintf(change->error, sizeof(change->error), "%s", domain.xml.error);
	else if (edits.count || edits.full)
		ret = make(change, &edits, text, len);
	text_edits_free(&edits);
	domain_free(&domain);
	return ret;
}
