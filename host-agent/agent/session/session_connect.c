// SPDX-License-Identifier: GPL-2.0
/*
 * Connects to QEMU, and after the end of the connection to the next QEMU, until --give-up.
 */
#include <string.h>

#include "host-agent/common/clock.h"
#include "session.h"

/* Delays between attempts to connect, microseconds: a restart is noticed in time. */
#define BACKOFF_MIN_US		100000ULL
#define BACKOFF_MAX_US		2000000ULL

/* QEMU greets at once, unless another client uses the socket. */
#define GREETING_US		5000000ULL

void session_connect_init(struct session *session)
{
	session->backoff_us = BACKOFF_MIN_US;
	session->disconnected_us = clock_us();
}

/* No QEMU ever came, or what is at its socket cannot be used: that does not heal by itself. */
static enum agent_exit exit_without_qemu(const struct session *session)
{
	if (session->connect_error == -ENOENT || session->connect_error == -ECONNREFUSED)
		return AGENT_EXIT_NO_QEMU;
	return AGENT_EXIT_BAD_SOCKET;
}

static const char *connect_advice(int error)
{
	switch (error) {
	case -ENOENT:
		return ", QEMU creates it when it is started with -qmp unix:PATH,server=on,wait=off";
	case -ECONNREFUSED:
		return ", nothing listens there: QEMU has exited, or it is not QEMU's socket";
	case -EACCES:
	case -EPERM:
		return ", run the agent as QEMU's user";
	case -EAGAIN:
		return ", other clients wait there already: give the agent a monitor of its own";
	default:
		return "";
	}
}

/* End an agent that serves one guest: QEMU is gone, or it never started, which is no failure. */
static void give_up(struct session *session)
{
	unsigned long long seconds = session->conf->give_up_us / 1000000;
	const char *path = session->conf->qmp;
	int error = session->connect_error;

	session_update_note(session, NOTE_GAVE_UP);
	session->done = true;
	session->exit_code = session->seen_qemu ? AGENT_EXIT_OK : exit_without_qemu(session);
	if (session->exit_code == AGENT_EXIT_OK)
		log_info("there was no QEMU at %s for %llu s, the agent exits", path, seconds);
	else if (session->exit_code == AGENT_EXIT_NO_QEMU)
		log_warn("there was no QEMU at %s within %llu s, the agent exits: start it after "
			 "QEMU, or give QEMU's socket with --qmp", path, seconds);
	else
		log_error("%s could not be used within %llu s: %s%s", path, seconds,
			  error ? strerror(-error) : "its peer is no QEMU, give the socket of -qmp",
			  connect_advice(error));
}

/*
 * --give-up is checked here, where there is no connection. An open connection is never
 * given up, even if it is silent: QEMU that allocates a terabyte greets after minutes.
 */
static void schedule_reconnect(struct session *session)
{
	u64 away = clock_us() - session->disconnected_us, wait = session->backoff_us;
	u64 limit = session->conf->give_up_us;

	if (limit && away >= limit) {
		give_up(session);
		return;
	}
	if (limit && wait > limit - away)
		wait = limit - away;
	event_loop_timer(session->loop, EVENT_RETRY, wait);
	session->backoff_us *= 2;
	if (session->backoff_us > BACKOFF_MAX_US)
		session->backoff_us = BACKOFF_MAX_US;
}

/* Drop all state of this connection and connect again after the back-off. */
static void disconnect(struct session *session)
{
	session_detach(session);
	event_loop_cancel(session->loop, EVENT_QUERY);
	event_loop_cancel(session->loop, EVENT_QMP);
	qmp_client_close(&session->qmp);
	hint_batch_reset(&session->flow.batch);
	offer_flow_disconnect(&session->offers);
	give_back_policy_disconnect(&session->give_back);
	session_abandon_migration(session);
	memset(&session->answers.now, 0, sizeof(session->answers.now));
	memset(&session->answers.before, 0, sizeof(session->answers.before));
	session->phase = PHASE_UNKNOWN;
	session->answers.pending = 0;
	session->answers.again = false;
	/* A peer that only greets is not tried at once, time and again. */
	if (session->answers.complete)
		session->backoff_us = BACKOFF_MIN_US;
	session->answers.complete = false;
	session->answers.late = false;
	session->reporting_off = false;
	session->refused[0] = '\0';
	session_send_metrics(session, true);
	/* With --once the summary above ends the agent. */
	if (!session->done)
		schedule_reconnect(session);
}

/*
 * Was it a QEMU that the agent was connected to? It does not greet while another client has its
 * monitor, or while it allocates memory. But a peer that closes at once, such as a proxy without
 * its own peer, would keep the agent for ever.
 */
static bool was_qemu(const struct session *session, bool garbage)
{
	if (session->qmp.state == QMP_UP)
		return true;
	return !garbage && (session->qmp.state == QMP_NEGOTIATING ||
			    clock_us() - session->connected_us >= GREETING_US);
}

void session_connection_broke(struct session *session, int error)
{
	bool garbage = error == -EPROTO || error == -EMSGSIZE;

	session->connect_error = 0;
	/* It was there until now, so --give-up starts anew. */
	if (was_qemu(session, garbage))
		session->disconnected_us = clock_us();
	if (!garbage) {
		if (session_update_note(session, NOTE_CLOSED))
			log_info("QEMU closed the connection to %s, waiting for the next QEMU",
				 session->conf->qmp);
	} else if (session_update_note(session, NOTE_NO_QMP)) {
		log_warn("the peer at %s does not speak QMP (%s), give the socket of -qmp; "
			 "connecting again",
			 session->conf->qmp, strerror(-error));
	}
	disconnect(session);
}

static void explain_no_socket(struct session *session, int error)
{
	bool changed = session_update_note(session, NOTE_NO_SOCKET);

	if (changed || error != session->connect_error)
		log_warn("waiting for QEMU at %s: %s%s", session->conf->qmp,
			 strerror(-error), connect_advice(error));
	session->connect_error = error;
}

void session_watch_socket(struct session *session)
{
	event_loop_watch(session->loop, EVENT_QMP, session->qmp.fd,
			 qmp_client_mask(&session->qmp));
}

void session_connect(struct session *session)
{
	int ret = qmp_client_connect(&session->qmp, session->conf->qmp);

	if (ret) {
		/* EAGAIN: QEMU listens, and its queue of clients is full. So there is a QEMU. */
		if (ret == -EAGAIN)
			session->disconnected_us = clock_us();
		explain_no_socket(session, ret);
		disconnect(session);
		return;
	}
	session->connected_us = clock_us();
	session_watch_socket(session);
	event_loop_timer(session->loop, EVENT_QUERY, GREETING_US);
	session_send_metrics(session, false);
}
