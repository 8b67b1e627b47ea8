// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP commands x-freehint-start and x-freehint-stop, and the table of all commands.
 * Handlers run in the main loop with the BQL held.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../../include/freehint/qmp_names.h"
#include "../core/bar.h"
#include "../core/qemu_abi.h"
#include "../core/qmp_args.h"
#include "../gate/bql_hold.h"
#include "../gate/round_gate.h"
#include "../give-back/discard_command.h"
#include "../map/page_map.h"
#include "../round/apply_thread.h"
#include "../round/host_hello.h"
#include "../round/mark_clean.h"
#include "../round/reporting.h"
#include "commands.h"
#include "give_back_command.h"
#include "map_command.h"
#include "query_command.h"
#include "wake_command.h"

/* Why freehint cannot work in this QEMU; NULL if it can. */
static const char *inert;

static bool check_no_arguments(const QDict *args, Error **errp)
{
	static const char *const none[] = { NULL };

	return qmp_args_check(args, none, "this command has none", errp);
}

static QObject *empty_answer(void)
{
	return (QObject *)qemu.qdict_new();
}

static const char *start_failure(int error)
{
	static char text[160];

	snprintf(text, sizeof(text), "no thread, or no bitmap of %" PRIu64 " pages (%.40s); free memory "
		 "on this host, or raise its limit of tasks", bar_info().capacity, strerror(error));
	return text;
}

static bool start_threads(const char **why)
{
	int ret = gate_init();

	if (!ret)
		ret = page_map_init(&hinted_map, bar_info().capacity);
	if (!ret)
		ret = apply_thread_start();
	if (ret)
		*why = start_failure(-ret);
	return !ret;
}

bool commands_start(const char **why)
{
	struct bql_hold hold = bql_hold_begin();
	bool started = host_hello_publish(why) && start_threads(why) && reporting_start(why);

	bql_hold_end(hold);
	return started;
}

static void start(QDict *args, QObject **ret, Error **errp)
{
	const char *why = NULL;

	if (!check_no_arguments(args, errp))
		return;
	if (!commands_start(&why)) {
		qemu_error(errp, "reporting cannot start: %s", why);
		return;
	}
	*ret = empty_answer();
}

static void stop(QDict *args, QObject **ret, Error **errp)
{
	struct bql_hold hold;

	if (!check_no_arguments(args, errp))
		return;
	hold = bql_hold_begin();
	reporting_stop();
	bql_hold_end(hold);
	*ret = empty_answer();
}

static void query(QDict *args, QObject **ret, Error **errp)
{
	struct bql_hold hold = bql_hold_begin();

	if (check_no_arguments(args, errp))
		*ret = (QObject *)query_answer(inert);
	bql_hold_end(hold);
}

static void refuse(QDict *args, QObject **ret, Error **errp)
{
	(void)args;
	(void)ret;
	qemu_error(errp, "freehint is loaded without effect: %s", inert);
}

/**
 * struct command - a command and its handler
 * @name:      in QMP
 * @run:       its handler
 * @inert_too: the handler runs also where freehint cannot work; all others refuse there
 */
static const struct command {
	const char *name;
	qemu_qmp_fn *run;
	bool inert_too;
} commands[] = {
	{ FREEHINT_QMP_START, start, false },
	{ FREEHINT_QMP_STOP, stop, true },
	{ FREEHINT_QMP_QUERY, query, true },
	{ FREEHINT_QMP_MARK, mark_clean, false },
	{ FREEHINT_QMP_MAP, map_command, false },
	{ FREEHINT_QMP_GIVE_BACK, give_back_command, false },
	{ FREEHINT_QMP_DISCARD, discard_command, false },
	{ FREEHINT_QMP_WAKE, wake_command, false },
};

static void register_all(bool works)
{
	const struct command *c;
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		c = &commands[i];
		qemu.qmp_register_command(qemu.qmp_commands, c->name,
					  works || c->inert_too ? c->run : refuse, 0, 0);
	}
}

void commands_register(void)
{
	register_all(true);
}

void commands_register_inert(const char *why)
{
	inert = why;
	register_all(false);
}
