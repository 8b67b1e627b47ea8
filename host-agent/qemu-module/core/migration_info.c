// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU says about the migration: the answer to query-migrate.
 *
 * QEMU drops references to its objects by inline functions that need their layout. So the
 * answer is put into a dictionary, which frees it when the next one takes its place.
 */
#include <string.h>

#include "migration_info.h"

/* Created once, with the BQL held. */
static QDict *kept, *no_arguments;

QDict *migration_info(void)
{
	QObject *answer = NULL;
	Error *err = NULL;

	if (!kept) {
		kept = qemu.qdict_new();
		no_arguments = qemu.qdict_new();
	}
	qemu.qmp_marshal_query_migrate(no_arguments, &answer, &err);
	if (err)
		qemu.error_free(err);
	if (answer)
		qemu.qdict_put_obj(kept, "answer", answer);
	return (QDict *)answer;
}

const char *migration_status(void)
{
	QDict *answer = migration_info();

	return answer ? qemu.qdict_get_try_str(answer, "status") : "unknown";
}

/* "failing" is a state from 11.0 on: the error is known, and the migration not yet over. */
bool migration_is_ending(void)
{
	static const char *const ending[] = { "cancelling", "failing", "failed" };
	const char *status = migration_status();
	size_t i;

	for (i = 0; status && i < ARRAY_SIZE(ending); i++)
		if (!strcmp(status, ending[i]))
			return true;
	return false;
}
