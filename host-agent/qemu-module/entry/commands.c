// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP commands x-freehint-start, x-freehint-stop and x-query-freehint. Handlers
 * run in the main loop with the BQL held.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/qmp_names.h"
#include "../../../include/freehint/version.h"
#include "../../common/clock.h"
#include "../round/apply_thread.h"
#include "../round/autostart.h"
#include "../core/bar.h"
#include "commands.h"
#include "../give-back/discard_command.h"
#include "give_back_command.h"
#include "give_back_query.h"
#include "../round/greeting.h"
#include "../map/page_map.h"
#include "map_command.h"
#include "../round/mark_clean.h"
#include "../round/precopy.h"
#include "../core/qemu_abi.h"
#include "../core/qmp_args.h"
#include "../gate/round_gate.h"
#include "../audit/witness.h"
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
	u64 since = clock_us();
	bool started = greeting_publish(why) && start_threads(why) && precopy_start(why);

	gate_count_bql(clock_us() - since);
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
	if (!check_no_arguments(args, errp))
		return;
	precopy_stop();
	*ret = empty_answer();
}

static const char *contract_name(u32 contract)
{
	static const char *const name[] = {
		[FREEHINT_CONTRACT_NONE] = "none",
		[FREEHINT_CONTRACT_DEAD] = "dead",
		[FREEHINT_CONTRACT_ZERO] = "zero",
		[FREEHINT_CONTRACT_REFUSED] = "refused",
	};

	return name[contract];
}

static const char *refusal_name(u32 refusal)
{
	static const char *const name[] = {
		[FREEHINT_REFUSAL_NONE] = "none",
		[FREEHINT_REFUSAL_POISON] = "page-poison",
		[FREEHINT_REFUSAL_PAGE_SIZE] = "page-size",
		[FREEHINT_REFUSAL_ADMIN] = "admin",
		[FREEHINT_REFUSAL_KERNEL] = "kernel",
		[FREEHINT_REFUSAL_PREZERO] = "prezero",
	};

	return name[refusal];
}

static void put_dict(QDict *dict, const char *key, QDict *member)
{
	qemu.qdict_put_obj(dict, key, (QObject *)member);
}

/* The guest chose these numbers. QEMU's JSON integers are signed, so the top bit is masked. */
static void put_guest_number(QDict *dict, const char *key, u64 n)
{
	qemu.qdict_put_int(dict, key, n & FREEHINT_ROUND_MAX);
}

static QDict *query_guest(void)
{
	struct freehint_guest_hello hello;
	QDict *dict = qemu.qdict_new();
	bool present = !bar_guest(&hello);

	qemu.qdict_put_bool(dict, "present", present);
	if (!present)
		return dict;
	qemu.qdict_put_int(dict, "version", hello.version);
	qemu.qdict_put_str(dict, "contract", contract_name(hello.contract));
	qemu.qdict_put_str(dict, "refusal", refusal_name(hello.refusal));
	qemu.qdict_put_str(dict, "give-back", give_back_guest_name(hello.give_back));
	put_guest_number(dict, "end-pfn", hello.end_pfn);
	put_guest_number(dict, "beats", bar_beats());
	put_guest_number(dict, "poll-us", bar_poll_us());
	put_guest_number(dict, "incarnation", hello.incarnation);
	return dict;
}

static QDict *query_region(void)
{
	struct bar_info info = bar_info();
	QDict *dict = qemu.qdict_new();

	qemu.qdict_put_str(dict, "memdev", bar_memdev());
	qemu.qdict_put_int(dict, "size", info.size);
	qemu.qdict_put_int(dict, "capacity", info.capacity);
	return dict;
}

static QDict *query_counters(const struct freehint_counters *counters)
{
	QDict *dict = qemu.qdict_new();

#define PUT_COUNTER(member, name) qemu.qdict_put_int(dict, name, counters->member);
	FREEHINT_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
	return dict;
}

static QDict *query_round(const struct gate_round *round)
{
	QDict *dict = qemu.qdict_new();

	qemu.qdict_put_int(dict, "round", round->id);
	qemu.qdict_put_int(dict, "pass", round->pass);
	qemu.qdict_put_int(dict, "sync-to-request-us", round->request_us);
	qemu.qdict_put_int(dict, "sync-to-command-us", round->command_us);
	qemu.qdict_put_int(dict, "sync-to-seal-us", round->seal_us);
	qemu.qdict_put_int(dict, "sync-to-first-apply-us", round->first_us);
	qemu.qdict_put_int(dict, "sync-to-last-apply-us", round->last_us);
	qemu.qdict_put_int(dict, "waited-us", round->waited_us);
	qemu.qdict_put_int(dict, "pages-accepted", round->accepted);
	qemu.qdict_put_int(dict, "pages-cleared", round->cleared);
	return dict;
}

/* The closed rounds of the last migration, with the pages that each one saved. */
static QObject *query_past(void)
{
	static struct gate_round past[GATE_PAST];
	QList *list = qemu.qlist_new();
	u32 count = gate_past(past), i;

	for (i = 0; i < count; i++)
		qemu.qlist_append_obj(list, (QObject *)query_round(&past[i]));
	return (QObject *)list;
}

static QDict *query_audit(void)
{
	struct witness_report report = witness_report();
	QDict *dict = qemu.qdict_new();

	if (report.why)
		qemu.qdict_put_str(dict, "impossible", report.why);
	qemu.qdict_put_int(dict, "checks", report.checks);
	qemu.qdict_put_int(dict, "pages-skipped", report.skipped);
	qemu.qdict_put_int(dict, "pages-written", report.written);
	qemu.qdict_put_int(dict, "violations", report.violations);
	qemu.qdict_put_int(dict, "hints-late", report.late);
	if (!report.violations)
		return dict;
	qemu.qdict_put_str(dict, "first-block", report.block);
	qemu.qdict_put_int(dict, "first-offset", report.offset);
	return dict;
}

static const char *state_name(const struct gate_view *view)
{
	if (view->state != GATE_CLOSED)
		return "round";
	return precopy_enabled() ? "ready" : "off";
}

static QObject *query(void)
{
	const char *refusal = NULL;
	struct gate_view view;
	char version[32];
	QDict *dict;

	if (inert)
		refusal = inert;
	else if (greeting_publish(&refusal))
		refusal = precopy_refusal();
	gate_view(&view);
	dict = qemu.qdict_new();
	snprintf(version, sizeof(version), "%d.%d.%d", qemu.major, qemu.minor, qemu.micro);
	qemu.qdict_put_str(dict, "version", FREEHINT_RELEASE);
	qemu.qdict_put_str(dict, "qemu", version);
	qemu.qdict_put_str(dict, "state", state_name(&view));
	if (refusal)
		qemu.qdict_put_str(dict, "refused", refusal);
	qemu.qdict_put_bool(dict, "autostart", autostart_is_wanted());
	qemu.qdict_put_int(dict, "instance", bar_info().instance);
	qemu.qdict_put_int(dict, "round", view.state != GATE_CLOSED ? view.now.id : 0);
	qemu.qdict_put_int(dict, "pass", precopy_pass());
	put_dict(dict, "region", query_region());
	put_dict(dict, "guest", query_guest());
	put_dict(dict, "counters", query_counters(&view.counters));
	put_dict(dict, "give-back", give_back_query(inert));
	if (view.first.id)
		put_dict(dict, "first-round", query_round(&view.first));
	if (view.now.id)
		put_dict(dict, "last-round", query_round(&view.now));
	qemu.qdict_put_obj(dict, "rounds", query_past());
	if (witness_report().wanted)
		put_dict(dict, "audit", query_audit());
	return (QObject *)dict;
}

static void query_command(QDict *args, QObject **ret, Error **errp)
{
	u64 since = clock_us();

	if (check_no_arguments(args, errp))
		*ret = query();
	gate_count_bql(clock_us() - since);
}

void commands_register(void)
{
	void *list = qemu.qmp_commands;

	qemu.qmp_register_command(list, FREEHINT_QMP_START, start, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_STOP, stop, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_QUERY, query_command, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_MARK, mark_clean, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_MAP, map_command, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_GIVE_BACK, give_back_command, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_DISCARD, discard_command, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_WAKE, wake_command, 0, 0);
}

static void refuse(QDict *args, QObject **ret, Error **errp)
{
	(void)args;
	(void)ret;
	qemu_error(errp, "freehint is loaded without effect: %s", inert);
}

void commands_register_inert(const char *why)
{
	void *list = qemu.qmp_commands;

	inert = why;
	qemu.qmp_register_command(list, FREEHINT_QMP_START, refuse, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_STOP, stop, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_QUERY, query_command, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_MARK, refuse, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_MAP, refuse, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_GIVE_BACK, refuse, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_DISCARD, refuse, 0, 0);
	qemu.qmp_register_command(list, FREEHINT_QMP_WAKE, refuse, 0, 0);
}
