// SPDX-License-Identifier: GPL-2.0
/*
 * The answer of the QMP command x-query-freehint.
 */
#include <stdio.h>

#include "../../../include/freehint/shm_names.h"
#include "../../../include/freehint/version.h"
#include "../audit/dirty_audit.h"
#include "../core/bar.h"
#include "../core/qemu_abi.h"
#include "../gate/round_gate.h"
#include "../give-back/give_back_session.h"
#include "../round/autostart.h"
#include "../round/host_hello.h"
#include "../round/pass.h"
#include "../round/reporting.h"
#include "give_back_query.h"
#include "query_command.h"

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
	bool present = !bar_read_guest_hello(&hello);

	qemu.qdict_put_bool(dict, "present", present);
	if (!present)
		return dict;
	qemu.qdict_put_int(dict, "version", hello.version);
	qemu.qdict_put_str(dict, "contract", freehint_contract_name(hello.contract));
	qemu.qdict_put_str(dict, "refusal", freehint_refusal_name(hello.refusal));
	qemu.qdict_put_str(dict, "give-back", freehint_give_back_name(hello.give_back));
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
	struct audit_report report = audit_report();
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
		return freehint_phase_name(FREEHINT_PHASE_ROUND);
	return freehint_phase_name(reporting_is_on() ? FREEHINT_PHASE_READY : FREEHINT_PHASE_OFF);
}

QDict *query_answer(const char *inert)
{
	const char *refusal = NULL;
	struct gate_view view;
	char version[32];
	QDict *dict;

	if (inert)
		refusal = inert;
	else if (host_hello_publish(&refusal))
		refusal = reporting_refusal();
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
	qemu.qdict_put_int(dict, "pass", pass_now());
	put_dict(dict, "region", query_region());
	put_dict(dict, "guest", query_guest());
	put_dict(dict, "counters", query_counters(&view.counters));
	put_dict(dict, "give-back", give_back_query(inert, refusal));
	if (view.first.id)
		put_dict(dict, "first-round", query_round(&view.first));
	if (view.now.id)
		put_dict(dict, "last-round", query_round(&view.now));
	qemu.qdict_put_obj(dict, "rounds", query_past());
	if (audit_report().wanted)
		put_dict(dict, "audit", query_audit());
	return dict;
}
