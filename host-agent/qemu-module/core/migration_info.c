// SPDX-License-Identifier: GPL-2.0
/*
 * What QEMU says about the migration: the answer to query-migrate.
 *
 * QEMU drops references to its objects by inline functions that need their layout. So the
 * answer is put into a dictionary, which frees it when the next one takes its place.
 */
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
