// SPDX-License-Identifier: GPL-2.0
/*
 * The session's state as the metrics show it: does QEMU answer, and what prevents hints?
 */
#include <string.h>

#include "session.h"

/* A postcopy whose direction the agent has not seen counts, too: its memory may not be mapped. */
static bool is_incoming(const struct session *session)
{
	return !session->region.base && (session->phase == PHASE_INCOMING ||
					 session->phase == PHASE_POSTCOPY);
}

/* A guest that was not started yet is not refused. */
bool session_qemu_refuses(const struct session *session)
{
	const struct freehint_status *now = &session->answers.now;

	if (!now->refused[0] || now->guest_present)
		return now->refused[0];
	return !strcmp(session->answers.runstate, "running") && !is_incoming(session) &&
	       !freehint_status_lacks_module(now);
}

/* Does something prevent hints that does not go away by itself? */
bool session_is_refused(const struct session *session)
{
	switch (session->note) {
	case NOTE_NO_EXTENSION:
	case NOTE_NO_SHM:
	case NOTE_WRONG_SHM:
	case NOTE_VERSION:
		return true;
	case NOTE_NO_REGION:
		return session->answers.now.refused[0];
	default:
		return session_qemu_refuses(session);
	}
}

void session_send_metrics(struct session *session, bool now)
{
	static const struct freehint_status unknown;
	bool connected = session->answers.complete && !session->answers.late;
	const struct metrics_view view = {
		.connected = connected,
		.attached = connected && session->region.base,
		.incoming = connected && is_incoming(session),
		.refused = connected && session_is_refused(session),
		.pressure = session->conf->give_back == GIVE_BACK_POLICY_PRESSURE,
		.watched = session->pressure_watched,
		.status = connected ? &session->answers.now : &unknown,
		.offers = &session->offers.stats,
	};

	metrics_send(&session->metrics, &view, now);
}

void session_pressure_lost(struct session *session)
{
	log_error("%s reports no pressure any more, was its control group removed? start the "
		  "agent again", session->conf->pressure);
	session->pressure_watched = false;
	session_send_metrics(session, true);
}
