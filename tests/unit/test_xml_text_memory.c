// SPDX-License-Identifier: GPL-2.0
/*
 * A libxml2 that gets no memory: nothing is wrong with the domain, and the caller is told so.
 */
/* rig: tests/unit/domain_rig.h */
#include <errno.h>
#include <libxml/parser.h>

#include "tests/unit/domain_rig.h"

/* Instead of libxml2's. */
xmlParserCtxt *xmlNewParserCtxt(void)
{
	return NULL;
}

static void a_lack_of_memory_is_no_wrong_domain(void **state)
{
	struct domain_change change = { .remove = true };

	assert_int_equal(domain_change(&change, SMALL("a"), strlen(SMALL("a"))), -ENOMEM);
	assert_non_null(strstr(change.error, "no memory for the document"));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_lack_of_memory_is_no_wrong_domain),
)
