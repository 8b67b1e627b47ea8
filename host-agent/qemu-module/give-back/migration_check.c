// SPDX-License-Identifier: GPL-2.0
/*
 * Is a migration of any kind under way? No memory may be discarded then.
 *
 * While QEMU sends a page, or has still to serve it after a switch to postcopy, its content
 * belongs to the migration. A background snapshot registers the memory with userfaultfd. An
 * incoming postcopy would take a discarded page for one that has not arrived.
 *
 * QEMU's own answer to query-migrate is asked, because it has one meaning in all series, for
 * both directions, background snapshots, and states that are added later.
 */
#include <string.h>

#include "../core/migration_info.h"
#include "migration_check.h"

/* A status that is not listed here is taken for a migration. */
static bool is_over(const char *status)
{
	static const char *const over[] = { "none", "completed", "failed", "cancelled" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(over); i++)
		if (!strcmp(status, over[i]))
			return true;
	return false;
}

const char *migration_check(void)
{
	const char *status;

	if (qemu.migration_in_incoming_postcopy())
		return "the incoming migration has not completed; the guest is asked after it";
	if (qemu.colo())
		return "x-colo capability is set; clear it with migrate-set-capabilities";
	/* Before the first migration there is no status. */
	status = migration_status();
	if (status && !is_over(status))
		return "a migration or a background snapshot is under way; the guest is asked again "
		       "after it";
	return NULL;
}
