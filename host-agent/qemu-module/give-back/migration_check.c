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

#include "../core/qemu_abi.h"
#include "migration_check.h"

/* Key of the last answer in @kept. */
#define ANSWER "answer"

/*
 * QEMU's objects are reference counted by inline functions. So the answer is put into a
 * dictionary, which frees it when the next one takes its place.
 */
static QDict *kept, *no_arguments;

static const char *query_status(void)
{
	QObject *answer = NULL;
	QDict *info;

	if (!kept) {
		kept = qemu.qdict_new();
		no_arguments = qemu.qdict_new();
	}
	qemu.qmp_marshal_query_migrate(no_arguments, &answer, NULL);
	if (!answer)
		return "unknown";
	qemu.qdict_put_obj(kept, ANSWER, answer);
	info = qemu.qdict_get_qdict(kept, ANSWER);
	return info ? qemu.qdict_get_try_str(info, "status") : "unknown";
}

/* A status that is not listed here is taken for a migration. */
static bool is_over(const char *status)
{
	static const char *const over[] = { "none", "completed", "failed", "cancelled" };
	size_t i;

	for (i = 0; i < sizeof(over) / sizeof(over[0]); i++)
		if (!strcmp(status, over[i]))
			return true;
	return false;
}

const char *migration_check(void)
{
	const char *status;

	if (qemu.migration_in_incoming_postcopy())
		return "the incoming migration has not completed";
	if (qemu.colo())
		return "x-colo capability is set";
	/* Before the first migration there is no status. */
	status = query_status();
	if (status && !is_over(status))
		return "a migration or a background snapshot is under way";
	return NULL;
}
