// SPDX-License-Identifier: GPL-2.0
/*
 * Begin and end of an outgoing migration, as the answers and the region show them, and the
 * summary at its end.
 */
#include <string.h>

#include "host-agent/common/log.h"
#include "session.h"

static void end_migration(struct session *session, enum migration_outcome outcome)
{
	struct migration_summary sum = {
		.outcome = outcome,
		.total_ms = outcome == OUTCOME_NONE ? 0 : session->answers.total_ms,
		.stop_ms = outcome == OUTCOME_COMPLETED ? session->answers.stop_ms : 0,
		.agent = &session->stats,
		.before = &session->answers.before,
		.after = &session->answers.now,
	};

	stats_print_summary(&sum, session->conf->json);
	metrics_count(&session->metrics, &sum);
	memset(&session->stats, 0, sizeof(session->stats));
	session->answers.before = session->answers.now;
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
	const struct qemu_answers *answers = &session->answers;

	return session->stats.taken || answers->now.rounds > answers->before.rounds;
}

void session_abandon_migration(struct session *session)
{
	if (session->migrating || (session->stats.rounds && has_opened_round(session)))
		end_migration(session, OUTCOME_NONE);
	memset(&session->stats, 0, sizeof(session->stats));
}

/*
 * Did a migration end? A short one may start and end between two sets, and only its
 * rounds show it. The guest can forge rounds, so they count only if QEMU reports that it
 * opened some. They count only for a set that was sent after the last round was seen:
 * an older "completed" belongs to the migration before.
 */
static void detect_end(struct session *session, enum migration_phase before)
{
	const struct qemu_answers *answers = &session->answers;
	enum migration_outcome outcome = migration_outcome_of(answers->status);
	bool rounds = session->stats.rounds && answers->now.rounds > answers->before.rounds &&
		      answers->sent_us > session->stats.last_round_us;

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
		end_migration(session, outcome);
}

/* A set that was sent after the last round was seen shows that QEMU did not open it. */
static void forget_forged_rounds(struct session *session)
{
	if (session->answers.extension && !has_opened_round(session) &&
	    session->answers.sent_us > session->stats.last_round_us)
		memset(&session->stats, 0, sizeof(session->stats));
}

void session_update_migration(struct session *session, enum migration_phase before)
{
	detect_end(session, before);
	if (!session->migrating && session->stats.rounds)
		forget_forged_rounds(session);
	/* No migration runs: exclude QEMU's counts so far from the next summary. */
	if (!session->migrating && !session->stats.rounds)
		session->answers.before = session->answers.now;
}
