// SPDX-License-Identifier: GPL-2.0
/*
 * Finds out what QEMU is doing: one set of three queries, and the decisions that follow from
 * the answers.
 *
 * QEMU answers in the order of the queries. So the answer to the last one completes the
 * set, and only then the agent decides.
 */
#include <stdio.h>
#include <string.h>

#include "host-agent/common/clock.h"
#include "host-agent/common/json_natural.h"
#include "session.h"

/* How often a set of queries is checked, and when its answers are late. */
#define QUERY_CHECK_US		1000000ULL
#define QUERY_LATE_US		10000000ULL

/* Periods between two sets of queries, microseconds. */
#define QUERY_UNATTACHED_US	250000ULL	/* poll until the region may be mapped... */
#define UNATTACHED_US		10000000ULL	/* ...for this long after the greeting */
#define QUERY_MIGRATING_US	200000ULL	/* detect the end soon */
#define QUERY_EARLY_US		20000ULL	/* read what QEMU did not know yet */
#define QUERY_IDLE_US		1000000ULL
#define QUERY_ASLEEP_US		10000000ULL	/* QEMU wakes us when a migration starts */
#define QUERY_MISSING_US	5000000ULL	/* no extension or region: unlikely to change */

static void await_greeting(struct session *session)
{
	if (session_update_note(session, NOTE_NO_GREETING))
		log_warn("no greeting at %s, give the agent a monitor of its own",
			 session->conf->qmp);
}

static void await_answers(struct session *session)
{
	u64 since = clock_us() - session->answers.sent_us;

	if (since <= QUERY_LATE_US || session->answers.late)
		return;
	session->answers.late = true;
	log_warn("QEMU at %s has not answered for %llu s, its main loop may be blocked; "
		 "the agent waits", session->conf->qmp, (unsigned long long)(since / 1000000));
}

/* A QEMU that is silent is no agent that hangs: the metrics go on, and say so. */
bool session_await(struct session *session)
{
	if (session->qmp.state != QMP_UP)
		await_greeting(session);
	else if (session->answers.pending)
		await_answers(session);
	else
		return false;
	session_send_metrics(session, false);
	event_loop_timer(session->loop, EVENT_QUERY, QUERY_CHECK_US);
	return true;
}

/* A guest that is started, or has arrived, is no reason for haste: QEMU sends an event then. */
static u64 unattached_period(const struct session *session)
{
	const struct qemu_answers *answers = &session->answers;

	if (answers->missing || (session_is_refused(session) && !answers->now.region_size))
		return QUERY_MISSING_US;
	if (session->note == NOTE_NO_SHM || session->note == NOTE_WRONG_SHM ||
	    session->note == NOTE_VERSION || clock_us() - session->up_us > UNATTACHED_US)
		return QUERY_IDLE_US;
	return QUERY_UNATTACHED_US;
}

static u64 query_period(const struct session *session)
{
	const struct give_back_status *back = &session->answers.now.give_back;

	if (give_back_policy_is_due(&session->give_back))
		return 0;
	if (session->answers.again)
		return QUERY_EARLY_US;
	if (!session->region.base)
		return unattached_period(session);
	if (session->migrating || session->stats.rounds || (back->asking && !back->drained))
		return QUERY_MIGRATING_US;
	return session->wake.agreed && !session->reporting_off ? QUERY_ASLEEP_US : QUERY_IDLE_US;
}

int session_send_queries(struct session *session)
{
	static const enum qmp_command set[] = {
		QMP_QUERY_STATUS, QMP_QUERY_MIGRATE, QMP_QUERY_FREEHINT,
	};
	struct qemu_answers *answers = &session->answers;
	unsigned int i;
	int ret;

	answers->sent_us = clock_us();
	answers->extension = false;
	answers->missing = false;
	answers->again = false;
	give_back_policy_query_sent(&session->give_back);
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		ret = qmp_client_send(&session->qmp, set[i], 0, -1, NULL);
		if (ret)
			return ret;
		answers->pending++;
	}
	event_loop_timer(session->loop, EVENT_QUERY, QUERY_CHECK_US);
	return 0;
}

/* The guest chooses some of these texts. What is not reported now is reported by a later set. */
static void report_refusal(struct session *session)
{
	bool harmless = session->reporting_off && session->note != NOTE_NO_REGION;
	enum log_level level = harmless ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;

	if (!strcmp(session->refused, session->answers.now.refused) ||
	    !log_limit_take(&session->refusals))
		return;
	memcpy(session->refused, session->answers.now.refused, sizeof(session->refused));
	if (session->refused[0])
		log_line(level, "QEMU refuses hints: %s", session->refused);
	else
		log_info("QEMU refuses hints no longer");
	if (session->conf->json)
		stats_print_event("refused", "reason", session->refused);
}

/*
 * QEMU reports "completed" a moment before it reports the total time, so it is queried
 * once more. Only once, because a destination never reports the time.
 */
static bool is_early(struct session *session)
{
	struct qemu_answers *answers = &session->answers;
	bool timeless = !answers->total_ms &&
			migration_outcome_of(answers->status) == OUTCOME_COMPLETED;
	bool early = timeless && !answers->time_missing;

	answers->time_missing = timeless;
	return early;
}

/* The set is complete. */
static void note_answers(struct session *session)
{
	struct qemu_answers *answers = &session->answers;

	if (answers->late)
		log_info("QEMU answers again after %llu s",
			 (unsigned long long)((clock_us() - answers->sent_us) / 1000000));
	answers->complete = true;
	answers->late = false;
}

static void update_region(struct session *session)
{
	if (session->region.base)
		session_check_region(session);
	if (!session->region.base)
		session_try_attach(session);
}

/* Act on a complete set of answers. */
static void decide(struct session *session)
{
	enum migration_phase before = session->phase;

	note_answers(session);
	if (is_early(session)) {
		event_loop_timer(session->loop, EVENT_QUERY, QUERY_EARLY_US);
		return;
	}
	session->phase = migration_phase_next(before, session->answers.runstate,
					      session->answers.status);
	session->reporting_off = session->answers.now.state == FREEHINT_STATE_OFF;
	session->flow.slow = session->reporting_off;
	update_region(session);
	if (session->answers.extension && (session->region.base || session_is_refused(session)))
		report_refusal(session);
	if (session->answers.extension && session->region.base)
		give_back_policy_update(&session->give_back, &session->answers.now.give_back);
	session_update_migration(session, before);
	session_send_metrics(session, false);
	event_loop_timer(session->loop, EVENT_QUERY, query_period(session));
}

static void copy_text(char *to, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(to, SESSION_TEXT, "%s", text ? text : "");
}

void session_handle_answer(struct session *session, const struct qmp_message *message)
{
	struct qemu_answers *answers = &session->answers;
	bool failed = message->kind == QMP_MESSAGE_ERROR;

	answers->pending--;
	switch (message->command) {
	case QMP_QUERY_STATUS:
		copy_text(answers->runstate, message->body, "status");
		break;
	case QMP_QUERY_MIGRATE:
		copy_text(answers->status, message->body, "status");
		answers->total_ms = json_natural(message->body, "total-time");
		answers->stop_ms = json_natural(message->body, "downtime");
		break;
	default:
		answers->missing = failed && !strcmp(message->name, "CommandNotFound");
		answers->extension = !failed && !freehint_status_parse(&answers->now,
								       message->body);
		break;
	}
	if (failed && !answers->missing)
		log_warn_limited("QEMU refused %s, the agent asks again: %s",
				 qmp_client_command_name(message->command), message->desc);
	if (!answers->pending)
		decide(session);
}
