// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's connection to QEMU, and to the next QEMU after that. docs/agent.md describes
 * the steps.
 *
 *	connect -> greeting -> query -> may map? -> attach -> poll, query -> ... closed
 *	   ^                     ^         | no                                    |
 *	   |                     +---------+                                       |
 *	   +-----------------------------------------------------------------------+
 *
 * session_connect.c connects. session_query.c queries QEMU and acts on the answers.
 * session_attach.c maps the region, session_pace.c decides how often it is polled.
 */
#include "session.h"

#include <poll.h>
#include <string.h>

#include "host-agent/common/clock.h"

/* The guest can forge a change in the request line: no more queries than this for it. */
#define QUERY_PAUSE_US		20000ULL

int session_init(struct session *session, const struct conf *conf, struct event_loop *loop,
		 int writer)
{
	int ret;

	memset(session, 0, sizeof(*session));
	session->conf = conf;
	session->loop = loop;
	session_connect_init(session);
	metrics_init(&session->metrics, conf->metrics, writer);
	ret = qmp_client_init(&session->qmp);
	if (ret)
		return ret;
	ret = wake_init(&session->wake);
	if (ret)
		goto err_qmp;
	ret = hint_flow_init(&session->flow, &session->qmp, &session->stats);
	if (ret)
		goto err_wake;
	offer_flow_init(&session->offers, &session->flow.round.reader, &session->qmp);
	give_back_policy_init(&session->give_back, conf, &session->qmp);
	return 0;

err_wake:
	wake_free(&session->wake);
err_qmp:
	qmp_client_free(&session->qmp);
	return ret;
}

void session_free(struct session *session)
{
	shm_region_unmap(&session->region);
	hint_flow_free(&session->flow);
	wake_free(&session->wake);
	qmp_client_free(&session->qmp);
}

void session_query(struct session *session)
{
	int ret;

	if (session->qmp.state == QMP_DOWN || session_await(session))
		return;
	/* First, so that the answers to the queries show what it has changed. */
	ret = give_back_policy_send(&session->give_back);
	if (!ret)
		ret = session_send_queries(session);
	if (ret)
		session_connection_broke(session, ret);
}

/* The region shows that QEMU does something else now: does QEMU confirm it? */
static void query_soon(struct session *session)
{
	u64 age = clock_us() - session->answers.sent_us;

	session->answers.again = session->answers.pending;
	if (!session->answers.pending)
		event_loop_timer(session->loop, EVENT_QUERY,
				 age < QUERY_PAUSE_US ? QUERY_PAUSE_US - age : 0);
}

/*
 * Hints come first. Offers have two conditions like the fast poll: a session by the
 * request line, and QEMU reports that it asks.
 */
static int poll_flows(struct session *session)
{
	bool woken = wake_drain(&session->wake);
	int ret = hint_flow_poll(&session->flow);

	if (ret)
		return ret;
	if (woken)
		query_soon(session);
	if (offer_flow_look(&session->offers))
		query_soon(session);
	return session->answers.now.give_back.asking ? offer_flow_poll(&session->offers) : 0;
}

/* Return: false when the connection broke or the region was lost. */
static bool poll_region(struct session *session)
{
	u32 phase = session->flow.round.phase;
	int ret = poll_flows(session);

	if (ret) {
		session_connection_broke(session, ret);
		return false;
	}
	if (shm_region_lost(&session->region)) {
		if (session_update_note(session, NOTE_LOST_SHM))
			log_error("%s was truncated or its file system is full, QEMU ends with SIGBUS when the guest writes there: make room, and start QEMU again if it was truncated",
				  session->conf->shm);
		session_detach(session);
		return false;
	}
	/* The phase in the request line has changed: does the extension confirm it? */
	if (phase != session->flow.round.phase)
		query_soon(session);
	return true;
}

void session_poll(struct session *session)
{
	bool waiting = session->qmp.queued;

	if (!session->region.base || !poll_region(session))
		return;
	if (session_may_sleep(session))
		event_loop_watch(session->loop, EVENT_POLL, session->wake.own, POLLIN);
	else
		event_loop_timer(session->loop, EVENT_POLL, session_poll_period(session));
	/* The socket is full: wait until it is writable. */
	if (!waiting && session->qmp.queued)
		session_watch_socket(session);
}

void session_pressed(struct session *session)
{
	if (give_back_policy_pressed(&session->give_back))
		query_soon(session);
}

/* Query QEMU after an event that changes what it does; ignore other events. */
static void handle_event(struct session *session, const char *name)
{
	static const char *const relevant[] = { "MIGRATION", "STOP", "RESUME" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(relevant); i++) {
		if (strcmp(name, relevant[i]) != 0)
			continue;
		/* An answer that is on its way may be older than the event. */
		if (session->answers.pending)
			session->answers.again = true;
		else
			event_loop_timer(session->loop, EVENT_QUERY, 0);
	}
}

static void connection_up(struct session *session)
{
	session->up_us = clock_us();
	session->seen_qemu = true;
	log_info("connected to QEMU at %s", session->conf->qmp);
	session_query(session);
}

static void handle_reply(struct session *session, const struct qmp_message *message)
{
	switch (message->command) {
	case QMP_GETFD:
		if (message->cookie == WAKE_COOKIE)
			wake_reply_fd(message);
		else
			hint_flow_reply(&session->flow, message);
		break;
	case QMP_MARK_CLEAN:
		hint_flow_reply(&session->flow, message);
		break;
	case QMP_DISCARD:
		offer_flow_reply(&session->offers, message);
		break;
	case QMP_WAKE:
		wake_reply(&session->wake, message);
		break;
	case QMP_GIVE_BACK:
		give_back_policy_reply(&session->give_back, message);
		break;
	default:
		session_handle_answer(session, message);
		break;
	}
}

static void handle_message(struct session *session, const struct qmp_message *message)
{
	switch (message->kind) {
	case QMP_MESSAGE_UP:
		connection_up(session);
		break;
	case QMP_MESSAGE_EVENT:
		handle_event(session, message->name);
		break;
	default:
		handle_reply(session, message);
		break;
	}
}

void session_handle_qmp(struct session *session)
{
	struct qmp_message message;
	int ret = qmp_client_transfer(&session->qmp);

	while (!ret && !session->done && session->qmp.state != QMP_DOWN) {
		ret = qmp_client_next(&session->qmp, &message);
		if (ret <= 0)
			break;
		handle_message(session, &message);
		ret = 0;
	}
	if (session->qmp.state == QMP_DOWN)
		return;
	if (ret) {
		session_connection_broke(session, ret);
		return;
	}
	/* Replies have freed buffers for the next batches. */
	if (session->region.base)
		session_poll(session);
	if (session->qmp.state != QMP_DOWN)
		session_watch_socket(session);
}
