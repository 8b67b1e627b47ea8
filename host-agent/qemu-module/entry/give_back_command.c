// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP command x-freehint-give-back: ask the guest for its free memory, or stop.
 */
#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/shm_layout.h"
#include "../core/qmp_args.h"
#include "../gate/bql_hold.h"
#include "../give-back/give_back_session.h"
#include "../round/host_hello.h"
#include "give_back_command.h"

#define GIVE_MODE	"give 'off', 'once' or 'always'"

static bool read_mode(const QDict *args, enum give_back_mode *mode, Error **errp)
{
	const char *name = qemu.qdict_get_try_str(args, FREEHINT_ARG_MODE);

	*mode = name ? give_back_mode_parse(name) : GIVE_BACK_MODES;
	if (*mode != GIVE_BACK_MODES)
		return true;
	if (name)
		qemu_error(errp, "'mode' is '%s'; " GIVE_MODE, name);
	else
		qemu_error(errp, "'mode' is missing or not a string; " GIVE_MODE);
	return false;
}

/* A missing argument is 0. */
static bool read_number(const QDict *args, const char *key, int64_t min, int64_t max,
			int64_t *n, Error **errp)
{
	*n = 0;
	return !qemu.qdict_haskey(args, key) || qmp_args_number(args, key, min, max, n, errp);
}

static bool read_params(const QDict *args, struct give_back_params *params, Error **errp)
{
	static const char *const known[] = {
		FREEHINT_ARG_MODE, FREEHINT_ARG_ORDER, FREEHINT_ARG_LEAVE, NULL,
	};
	int64_t order, leave;

	if (!qmp_args_check(args, known, "give '" FREEHINT_ARG_MODE "', '" FREEHINT_ARG_ORDER
			    "', '" FREEHINT_ARG_LEAVE "'", errp) ||
	    !read_mode(args, &params->mode, errp) ||
	    !read_number(args, FREEHINT_ARG_ORDER, 1, FREEHINT_BLOCK_MAX_ORDER, &order,
			 errp) ||
	    !read_number(args, FREEHINT_ARG_LEAVE, 0, FREEHINT_GIVE_BACK_MAX_LEAVE, &leave, errp))
		return false;
	params->order = (u32)order;
	params->leave = (u64)leave;
	return true;
}

static bool set(const struct give_back_params *params, const char **why)
{
	struct bql_hold hold = bql_hold_begin();
	/* Without a region there is nothing to switch off either. */
	bool done = (params->mode == GIVE_BACK_OFF || host_hello_publish(why)) &&
		    give_back_set(params, why);

	bql_hold_end(hold);
	return done;
}

void give_back_command(QDict *args, QObject **ret, Error **errp)
{
	struct give_back_params params;
	const char *why = NULL;

	if (!read_params(args, &params, errp))
		return;
	if (set(&params, &why))
		*ret = (QObject *)qemu.qdict_new();
	else
		qemu_error(errp, "memory cannot be given back: %s", why);
}
