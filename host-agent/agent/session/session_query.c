// SPDX-License-Identifier: GPL-2.0
/*
 * Finds out what QEMU is doing: one set of three queries, the decisions that follow from
 * the answers, and the summary at the end of a migration.
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

/* A postcopy whose direction the agent has not seen counts, too: its memory may not be mapped. */
static bool is_incoming(const struct session *session)
{
	return !session->region.base && (session->phase == PHASE_INCOMING ||
					 session->phase == PHASE_POSTCOPY);
}

/* A guest that was not started yet is not refused. */
bool session_qemu_refuses(const struct session *session)
{
	const struct freehint_status *now = &session->now;

	if (!now->refused[0] || now->guest_present)
		return now->refused[0];
	return !strcmp(session->runstate, "running") && !is_incoming(session) &&
	       !freehint_status_lacks_module(now);
}

/* Does something prevent hints that does not go away by itself? */
static bool is_refused(const struct session *session)
{
	switch (session->note) {
	case NOTE_NO_EXTENSION:
	case NOTE_NO_SHM:
	case NOTE_WRONG_SHM:
	case NOTE_VERSION:
		return true;
	default:
		return session_qemu_refuses(session);
	}
}

void session_send_metrics(struct session *session, bool now)
{
	static const struct freehint_status unknown;
	bool connected = session->answered && !session->late;
	const struct metrics_view view = {
		.connected = connected,
		.attached = connected && session->region.base,
		.incoming = connected && is_incoming(session),
		.refused = connected && is_refused(session),
		.pressure = session->conf->give_back == GIVE_BACK_POLICY_PRESSURE,
		.watched = session->pressure_watched,
		.status = connected ? &session->now : &unknown,
		.offers = &session->offers.stats,
	};

	metrics_send(&session->metrics, &view, now);
}

static void await_greeting(struct session *session)
{
	if (session_update_note(session, NOTE_NO_GREETING))
		log_warn("no greeting at %s, give the agent a monitor of its own",
			 session->conf->qmp);
}

static void await_answers(struct session *session)
{
	u64 since = clock_us() - session->queried_us;

	if (since <= QUERY_LATE_US || session->late)
		return;
	session->late = true;
	log_warn("QEMU at %s has not answered for %llu s, its main loop may be blocked; "
		 "the agent waits", session->conf->qmp, (unsigned long long)(since / 1000000));
}

/* A QEMU that is silent is no agent that hangs: the metrics go on, and say so. */
bool session_await(struct session *session)
{
	if (session->qmp.state != QMP_UP)
		await_greeting(session);
	else if (session->pending_queries)
		await_answers(session);
	else
		return false;
	session_send_metrics(session, false);
	event_loop_timer(session->loop, EVENT_QUERY, QUERY_CHECK_US);
	return true;
}

void session_pressure_lost(struct session *session)
{
	log_error("%s reports no pressure any more, was its control group removed? start the "
		  "agent again", session->conf->pressure);
	session->pressure_watched = false;
	session_send_metrics(session, true);
}

void session_end_migration(struct session *session, enum migration_outcome outcome)
{
	struct migration_summary sum = {
		.outcome = outcome,
		.total_ms = outcome == OUTCOME_NONE ? 0 : session->total_ms,
		.stop_ms = outcome == OUTCOME_COMPLETED ? session->stop_ms : 0,
		.agent = &session->stats,
		.before = &session->before,
		.after = &session->now,
	};

	stats_print_summary(&sum, session->conf->json);
	metrics_count(&session->metrics, &sum);
	memset(&session->stats, 0, sizeof(session->stats));
	session->before = session->now;
	session->migrating = false;
	if (!session->conf->once)
		return;
	session->done = true;
	session->exit_code = outcome == OUTCOME_COMPLETED ? AGENT_EXIT_OK :
							    AGENT_EXIT_NOT_COMPLETED;
}

/* Has QEMU opened a round since the last summary? The guest can forge those in the region. */
static bool has_opened_round(const struct session *session)
{
	return session->stats.taken || session->now.rounds > session->before.rounds;
}

void session_abandon_migration(struct session *session)
{
	if (session->migrating || (session->stats.rounds && has_opened_round(session)))
		session_end_migration(session, OUTCOME_NONE);
	memset(&session->stats, 0, sizeof(session->stats));
}

/* A guest that is started, or has arrived, is no reason for haste: QEMU sends an event then. */
static u64 unattached_period(const struct session *session)
{
	if (session->missing || (is_refused(session) && !session->now.region_size))
		return QUERY_MISSING_US;
	if (session->note == NOTE_NO_SHM || session->note == NOTE_WRONG_SHM ||
	    session->note == NOTE_VERSION || clock_us() - session->up_us > UNATTACHED_US)
		return QUERY_IDLE_US;
	return QUERY_UNATTACHED_US;
}

static u64 query_period(const struct session *session)
{
	const struct give_back_status *back = &session->now.give_back;

	if (give_back_is_due(&session->give_back))
		return 0;
	if (session->query_again)
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
	unsigned int i;
	int ret;

	session->queried_us = clock_us();
	session->extension = false;
	session->missing = false;
	session->query_again = false;
	give_back_query_sent(&session->give_back);
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		ret = qmp_client_send(&session->qmp, set[i], 0, -1, NULL);
		if (ret)
			return ret;
		session->pending_queries++;
	}
	event_loop_timer(session->loop, EVENT_QUERY, QUERY_CHECK_US);
	return 0;
}

/* The guest chooses some of these texts. What is not reported now is reported by a later set. */
static void report_refusal(struct session *session)
{
	bool harmless = session->reporting_off && session->note != NOTE_NO_REGION;
	enum log_level level = harmless ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;

	if (!strcmp(session->refused, session->now.refused) ||
	    !log_limit_take(&session->refusals))
		return;
	memcpy(session->refused, session->now.refused, sizeof(session->refused));
	if (session->refused[0])
		log_line(level, "QEMU refuses hints: %s", session->refused);
	else
		log_info("QEMU refuses hints no longer");
	if (session->conf->json)
		stats_print_event("refused", "reason", session->refused);
}

/*
 * Did a migration end? A short one may start and end between two sets, and only its
 * rounds show it. The guest can forge rounds, so they count only if QEMU reports that it
 * opened some. They count only for a set that was sent after the last round was seen:
 * an older "completed" belongs to the migration before.
 */
static void detect_end(struct session *session, enum migration_phase before)
{
	enum migration_outcome outcome = migration_outcome_of(session->status);
	bool rounds = session->stats.rounds && session->now.rounds > session->before.rounds &&
		      session->queried_us > session->stats.last_round_us;

	if (session->phase == PHASE_PRECOPY)
		session->migrating = true;
	if (session->phase == before && !rounds)
		return;
	if (session->phase != before)
		log_debug("migration phase %s, was %s",
			  migration_phase_names[session->phase],
			  migration_phase_names[before]);
	if (outcome != OUTCOME_NONE && session->phase == PHASE_IDLE &&
	    (session->migrating || rounds))
		session_end_migration(session, outcome);
}

/* A set that was sent after the last round was seen shows that QEMU did not open it. */
static void forget_forged_rounds(struct session *session)
{
	if (session->extension && !has_opened_round(session) &&
	    session->queried_us > session->stats.last_round_us)
		memset(&session->stats, 0, sizeof(session->stats));
}

/*
 * QEMU reports "completed" a moment before it reports the total time, so it is queried
 * once more. Only once, because a destination never reports the time.
 */
static bool is_early(struct session *session)
{
	bool timeless = !session->total_ms &&
			migration_outcome_of(session->status) == OUTCOME_COMPLETED;
	bool early = timeless && !session->time_missing;

	session->time_missing = timeless;
	return early;
}

/* The set is complete. */
static void note_answers(struct session *session)
{
	if (session->late)
		log_info("QEMU answers again after %llu s",
			 (unsigned long long)((clock_us() - session->queried_us) / 1000000));
	session->answered = true;
	session->late = false;
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
	session->phase = migration_phase_next(before, session->runstate, session->status);
	session->reporting_off = session->now.state == FREEHINT_STATE_OFF;
	session->flow.slow = session->reporting_off;
	if (session->region.base)
		session_check_region(session);
	if (!session->region.base)
		session_try_attach(session);
	if (session->extension && (session->region.base || is_refused(session)))
		report_refusal(session);
	if (session->extension && session->region.base)
		give_back_decide(&session->give_back, &session->now.give_back);
	if (session->region.base) {
		give_back_yield(&session->give_back, &session->now.give_back);
		give_back_follow(&session->give_back, &session->now.give_back);
	}
	detect_end(session, before);
	if (!session->migrating && session->stats.rounds)
		forget_forged_rounds(session);
	/* No migration runs: exclude QEMU's counts so far from the next summary. */
	if (!session->migrating && !session->stats.rounds)
		session->before = session->now;
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
	bool failed = message->kind == QMP_MESSAGE_ERROR;

	session->pending_queries--;
	switch (message->command) {
	case QMP_QUERY_STATUS:
		copy_text(session->runstate, message->body, "status");
		break;
	case QMP_QUERY_MIGRATE:
		copy_text(session->status, message->body, "status");
		session->total_ms = json_natural(message->body, "total-time");
		session->stop_ms = json_natural(message->body, "downtime");
		break;
	default:
		session->missing = failed && !strcmp(message->name, "CommandNotFound");
		session->extension = !failed && !freehint_status_parse(&session->now,
								       message->body);
		break;
	}
	if (failed && !session->missing)
		log_warn_limited("QEMU refused %s, the agent asks again: %s",
				 qmp_client_command_name(message->command), message->desc);
	if (!session->pending_queries)
		decide(session);
}
