/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What query-migrate of fake_qemu.c answers, which alone includes this: how fast the
 * migration is; and migrate-set-parameters, which takes a downtime limit. Neither has a
 * dictionary: fake_qobject.c has those.
 */
#ifndef FREEHINT_FAKE_SPEED_H
#define FREEHINT_FAKE_SPEED_H

#include <stdlib.h>
#include <string.h>

#include "fake_qemu.h"

static char an_answer, a_ram, a_dict;

static void query_migrate(QDict *args, QObject **ret, Error **errp)
{
	if (args != (QDict *)&a_dict)
		abort();
	if (fake.mbps)
		*ret = (QObject *)&an_answer;
}

static QDict *new_dict(void) { return (QDict *)&a_dict; }

/* What is put away replaces what was, which frees it. */
static void keep_answer(QDict *dict, const char *key, QObject *value)
{
	if (dict != (QDict *)&a_dict || !value)
		abort();
	if (value == (QObject *)&an_answer)
		fake.answers_kept++;
}

static QDict *ram_of(const QDict *dict, const char *key)
{
	return dict == (QDict *)&an_answer && !strcmp(key, "ram") ? (QDict *)&a_ram : NULL;
}

static int has_mbps(const QDict *dict, const char *key)
{
	return dict == (QDict *)&a_ram && !strcmp(key, "mbps");
}

static double mbps(const QDict *dict, const char *key)
{
	if (!has_mbps(dict, key))
		abort();
	return fake.mbps;
}

static const char *status_of(const QDict *dict, const char *key)
{
	return dict == (QDict *)&an_answer && !strcmp(key, "status") ? fake.status : NULL;
}

static bool cap_bitmaps(void) { return fake.bitmaps; }

static int64_t asked_downtime;

static void ask_downtime(QDict *dict, const char *key, int64_t ms)
{
	if (dict != (QDict *)&a_dict || strcmp(key, "downtime-limit"))
		abort();
	asked_downtime = ms;
}

static void set_parameters(QDict *args, QObject **ret, Error **errp)
{
	if (args != (QDict *)&a_dict || !fake.bql)
		abort();
	if (fake.refuses_parameters) {
		set_error(errp);
		return;
	}
	fake.downtime_last = (u64)asked_downtime;
	fake.downtime_sets++;
	if (!fake.freezes_downtime)
		fake.downtime_ms = fake.downtime_last;
}

static void init_speed(void)
{
	qemu.migrate_dirty_bitmaps = cap_bitmaps;
	qemu.qdict_put_int = ask_downtime;
	qemu.qmp_marshal_migrate_set_parameters = set_parameters;
	qemu.qdict_get_try_str = status_of;
	qemu.qmp_marshal_query_migrate = query_migrate;
	qemu.qdict_new = new_dict;
	qemu.qdict_put_obj = keep_answer;
	qemu.qdict_get_qdict = ram_of;
	qemu.qdict_haskey = has_mbps;
	qemu.qdict_get_double = mbps;
}

#endif /* FREEHINT_FAKE_SPEED_H */
