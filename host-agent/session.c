// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's dealings with one QEMU after another.
 *
 * Theory of operation
 * -------------------
 *	connect -> greeting -> ask -> may map? -> attach -> poll, ask -> ... closed
 *	   ^                    ^        | no                                  |
 *	   |                    +--------+                                     |
 *	   +-------------------------------------------------------------------+
 *
 * "Ask" is one set of three queries. QEMU answers in the order of the questions,
 * so the answer to the last closes the set, and decisions are taken there only.
 *
 * The file is opened no sooner than it is mapped: before QEMU runs it may not
 * exist, and one that is left over from an earlier QEMU is not the one to keep.
 * Nothing is touched before QEMU said that no incoming migration is under way: a
 * page of the region that we bring into existence breaks an incoming postcopy.
 *
 * Polling the region is cheap but not free, and its request line lies in memory
 * that the guest can write. So the fast poll needs both: the line says that
 * reporting is on, and the extension does not deny it.
 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"

/* Waits between tries to connect, microseconds: a restart is noticed in time. */
#define BACKOFF_MIN_US		100000ULL
#define BACKOFF_MAX_US		2000000ULL

/* QEMU greets at once; only another client on the socket keeps it from it. */
#define GREETING_US		5000000ULL

/* Ask periods, microseconds. */
#define ASK_SETTLING_US		250000ULL	/* may we map now? */
#define ASK_MIGRATING_US	200000ULL	/* is it over? */
#define ASK_IDLE_US		1000000ULL
#define ASK_MISSING_US		5000000ULL	/* no extension: unlikely to change */
#define ASK_LATE_US		10000000ULL	/* say that QEMU hangs */

/* A round polls finer for so long after it was seen: this is when speed counts. */
#define EAGER_US		100000ULL
#define EAGER_FACTOR		4

static const char *const note_names[NOTE_COUNT] = {
	[NOTE_NONE] = "none",
	[NOTE_NO_SOCKET] = "no-socket",
	[NOTE_NO_GREETING] = "no-greeting",
	[NOTE_NO_QMP] = "no-qmp",
	[NOTE_CLOSED] = "closed",
	[NOTE_NO_EXTENSION] = "no-extension",
	[NOTE_INCOMING] = "incoming",
	[NOTE_NOT_STARTED] = "not-started",
	[NOTE_NO_SHM] = "no-shm",
	[NOTE_WRONG_SHM] = "wrong-shm",
	[NOTE_LOST_SHM] = "lost-shm",
	[NOTE_ATTACHED] = "attached",
};

int session_init(struct session *session, const struct conf *conf, struct event_loop *loop)
{
	int ret;

	memset(session, 0, sizeof(*session));
	session->conf = conf;
	session->loop = loop;
	session->backoff_us = BACKOFF_MIN_US;
	ret = qmp_client_init(&session->qmp);
	if (ret)
		return ret;
	ret = hint_round_init(&session->round, &session->stats);
	if (ret)
		goto err_free_client;
	ret = hint_batch_init(&session->batch, &session->stats);
	if (ret)
		goto err_free_round;
	return 0;

err_free_round:
	hint_round_free(&session->round);
err_free_client:
	qmp_client_free(&session->qmp);
	return ret;
}

void session_free(struct session *session)
{
	shm_region_unmap(&session->region);
	hint_batch_free(&session->batch);
	hint_round_free(&session->round);
	qmp_client_free(&session->qmp);
}

/* Return: true when @note is news, which the caller logs. */
static bool is_news(struct session *session, enum session_note note)
{
	if (session->note == note)
		return false;
	session->note = note;
	if (session->conf->json)
		stats_print_event("state", "state", note_names[note]);
	return true;
}

static void detach(struct session *session)
{
	event_loop_forget(session->loop, EVENT_POLL);
	hint_round_detach(&session->round);
	shm_region_unmap(&session->region);
}

static void sum_up(struct session *session, enum migration_outcome outcome)
{
	struct migration_summary sum = {
		.outcome = outcome,
		.total_ms = outcome == OUTCOME_NONE ? 0 : session->total_ms,
		.agent = &session->stats,
		.before = &session->before,
		.after = &session->now,
	};

	stats_print_summary(&sum, session->conf->json);
	memset(&session->stats, 0, sizeof(session->stats));
	session->before = session->now;
	session->migrating = false;
	if (!session->conf->once)
		return;
	session->done = true;
	session->exit_code = outcome == OUTCOME_COMPLETED ? AGENT_EXIT_OK :
							    AGENT_EXIT_NOT_COMPLETED;
}

/* Forget all that belongs to this connection and try again after the back-off. */
static void disconnect(struct session *session)
{
	detach(session);
	event_loop_forget(session->loop, EVENT_ASK);
	event_loop_forget(session->loop, EVENT_QMP);
	qmp_client_close(&session->qmp);
	hint_batch_reset(&session->batch);
	if (session->migrating || session->stats.rounds)
		sum_up(session, OUTCOME_NONE);
	memset(&session->now, 0, sizeof(session->now));
	memset(&session->before, 0, sizeof(session->before));
	session->phase = PHASE_UNKNOWN;
	session->open_asks = 0;
	session->doubted = false;
	session->refused[0] = '\0';
	event_loop_timer(session->loop, EVENT_RETRY, session->backoff_us);
	if (session->backoff_us < BACKOFF_MAX_US)
		session->backoff_us *= 2;
}

static void connection_broke(struct session *session, int error)
{
	bool garbage = error == -EPROTO || error == -EMSGSIZE;

	if (!garbage) {
		if (is_news(session, NOTE_CLOSED))
			log_info("QEMU closed the connection, waiting for it to come back");
	} else if (is_news(session, NOTE_NO_QMP)) {
		log_warn("what answers at %s does not speak QMP (%s), trying again",
			 session->conf->qmp, strerror(-error));
	}
	disconnect(session);
}

void session_connect(struct session *session)
{
	int ret = qmp_client_connect(&session->qmp, session->conf->qmp);

	if (ret) {
		if (is_news(session, NOTE_NO_SOCKET))
			log_warn("waiting for QEMU at %s: %s%s", session->conf->qmp,
				 strerror(-ret),
				 ret == -EACCES ? ", run the agent as QEMU's user" : "");
		disconnect(session);
		return;
	}
	event_loop_watch(session->loop, EVENT_QMP, session->qmp.fd,
			 qmp_client_mask(&session->qmp));
	event_loop_timer(session->loop, EVENT_ASK, GREETING_US);
}

static u64 ask_period(const struct session *session)
{
	if (session->missing)
		return ASK_MISSING_US;
	if (!session->region.base)
		return ASK_SETTLING_US;
	if (session->migrating || session->stats.rounds)
		return ASK_MIGRATING_US;
	return ASK_IDLE_US;
}

static int send_queries(struct session *session)
{
	static const enum qmp_command set[] = {
		QMP_QUERY_STATUS, QMP_QUERY_MIGRATE, QMP_QUERY_FREEHINT,
	};
	unsigned int i;
	int ret;

	session->asked_us = clock_us();
	session->extension = false;
	session->missing = false;
	for (i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		ret = qmp_client_send(&session->qmp, set[i], 0, -1, NULL);
		if (ret)
			return ret;
		session->open_asks++;
	}
	return 0;
}

static void ask_again_later(struct session *session)
{
	u64 late = clock_us() - session->asked_us;

	if (late > ASK_LATE_US)
		log_warn_limited("QEMU has not answered for %llu s",
				 (unsigned long long)(late / 1000000));
	event_loop_timer(session->loop, EVENT_ASK, ASK_IDLE_US);
}

void session_ask(struct session *session)
{
	int ret;

	if (session->qmp.state != QMP_UP) {
		if (is_news(session, NOTE_NO_GREETING))
			log_warn("no greeting at %s, give the agent a monitor of its own",
				 session->conf->qmp);
		return;
	}
	if (session->open_asks) {
		ask_again_later(session);
		return;
	}
	ret = send_queries(session);
	if (ret)
		connection_broke(session, ret);
	else
		event_loop_timer(session->loop, EVENT_ASK, ASK_IDLE_US);
}

static u64 poll_period(const struct session *session)
{
	const struct hint_round *round = &session->round;

	if (hint_round_backlog(round) && hint_batch_has_room(&session->batch))
		return 0;
	if (session->doubted || round->phase == FREEHINT_PHASE_OFF)
		return FREEHINT_POLL_IDLE_US;
	if ((round->state == HINT_AWAITED || round->state == HINT_FLOWING) &&
	    clock_us() - round->seen_us < EAGER_US)
		return session->conf->poll_us / EAGER_FACTOR;
	return session->conf->poll_us;
}

/* Return: false when the connection broke or the region is gone. */
static bool pump(struct session *session)
{
	u32 phase = session->round.phase;
	int ret;

	hint_round_look(&session->round);
	ret = hint_batch_pump(&session->batch, &session->round, &session->qmp);
	if (ret) {
		connection_broke(session, ret);
		return false;
	}
	if (shm_region_lost(&session->region)) {
		if (is_news(session, NOTE_LOST_SHM))
			log_error("%s was truncated or memory ran out, QEMU's guest "
				  "is in danger", session->conf->shm);
		detach(session);
		return false;
	}
	/* News in the request line: does the extension say so, too? */
	if (phase != session->round.phase && !session->open_asks)
		event_loop_timer(session->loop, EVENT_ASK, 0);
	return true;
}

static void watch_again(struct session *session)
{
	event_loop_watch(session->loop, EVENT_QMP, session->qmp.fd,
			 qmp_client_mask(&session->qmp));
}

void session_poll(struct session *session)
{
	bool waiting = session->qmp.queued;

	if (!session->region.base || !pump(session))
		return;
	event_loop_timer(session->loop, EVENT_POLL, poll_period(session));
	/* The socket was full: have us told when it is not. */
	if (!waiting && session->qmp.queued)
		watch_again(session);
}

static const char *attach_advice(int error)
{
	switch (error) {
	case -ENOENT:
		return ", give the memory backend's mem-path with --shm";
	case -EACCES:
	case -EPERM:
		return ", run the agent as QEMU's user";
	case -ENODATA:
		return ", smaller than QEMU says: not the file of this QEMU";
	default:
		return "";
	}
}

/* Is what we mapped the memory of the QEMU we talk to? Return: 0 or a note. */
static enum session_note check_identity(const struct session *session)
{
	struct freehint_host_hello hello;
	int ret = freehint_read_host_hello(&session->round.reader, &hello);

	if (ret == -ENODEV || !session->now.instance)
		return NOTE_NOT_STARTED;
	return ret || hello.instance != session->now.instance ? NOTE_WRONG_SHM : NOTE_NONE;
}

static void explain(struct session *session, enum session_note note)
{
	if (!is_news(session, note))
		return;
	if (note == NOTE_NOT_STARTED)
		log_info("waiting for the guest to start, the extension has not said "
			 "hello in %s", session->conf->shm);
	else
		log_error("%s does not carry QEMU's number %llu, give this QEMU's file "
			  "with --shm", session->conf->shm,
			  (unsigned long long)session->now.instance);
}

static void attach(struct session *session)
{
	enum session_note note;
	int ret;

	ret = shm_region_map(&session->region, session->conf->shm,
			     session->now.region_size);
	if (!ret)
		ret = hint_round_attach(&session->round, session->region.base,
					session->region.size);
	if (ret) {
		if (is_news(session, NOTE_NO_SHM))
			log_error("%s cannot be used: %s%s", session->conf->shm,
				  strerror(-ret), attach_advice(ret));
		detach(session);
		return;
	}
	note = check_identity(session);
	if (note) {
		explain(session, note);
		detach(session);
		return;
	}
	if (is_news(session, NOTE_ATTACHED))
		log_info("attached to %s, %llu bytes, guest module %s", session->conf->shm,
			 (unsigned long long)session->region.size,
			 session->now.guest_present ? "present" : "not loaded yet");
	event_loop_timer(session->loop, EVENT_POLL, 0);
}

static void settle(struct session *session)
{
	if (session->missing) {
		if (is_news(session, NOTE_NO_EXTENSION))
			log_error("this QEMU runs without freehint-qemu.so, start it with "
				  "-plugin file=freehint-qemu.so,memdev=ID");
		return;
	}
	if (!session->extension)
		return;
	if (!migration_phase_may_map(session->phase)) {
		if (is_news(session, NOTE_INCOMING))
			log_info("QEMU receives a migration, the shared memory is not "
				 "touched before it completed");
		return;
	}
	attach(session);
}

static void tell_refusal(struct session *session)
{
	if (!strcmp(session->refused, session->now.refused))
		return;
	memcpy(session->refused, session->now.refused, sizeof(session->refused));
	if (session->refused[0])
		log_line(session->doubted ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
			 "QEMU takes no hints, %s", session->refused);
	if (session->conf->json)
		stats_print_event("refused", "reason", session->refused);
}

/*
 * Did a migration end? Only answers to questions that were put after the last
 * round was seen count: an older "completed" is that of the migration before.
 */
static void notice_end(struct session *session, enum migration_phase before)
{
	enum migration_outcome outcome = migration_outcome_of(session->status);
	bool rounds = session->stats.rounds &&
		      session->asked_us > session->stats.last_round_us;

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
		sum_up(session, outcome);
}

/* The last answer of a set is in. */
static void decide(struct session *session)
{
	enum migration_phase before = session->phase;

	session->phase = migration_phase_next(before, session->runstate, session->status);
	session->doubted = session->now.state == FREEHINT_STATE_OFF;
	if (session->extension)
		tell_refusal(session);
	if (!session->region.base)
		settle(session);
	notice_end(session, before);
	/* Quiet: what QEMU counted so far belongs to no migration to come. */
	if (!session->migrating && !session->stats.rounds)
		session->before = session->now;
	event_loop_timer(session->loop, EVENT_ASK, ask_period(session));
}

static void copy_text(char *to, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(to, SESSION_TEXT, "%s", text ? text : "");
}

static void take_answer(struct session *session, const struct qmp_message *message)
{
	bool failed = message->kind == QMP_MESSAGE_ERROR;
	json_int_t total;

	session->open_asks--;
	switch (message->command) {
	case QMP_QUERY_STATUS:
		copy_text(session->runstate, message->body, "status");
		break;
	case QMP_QUERY_MIGRATE:
		copy_text(session->status, message->body, "status");
		total = json_integer_value(json_object_get(message->body, "total-time"));
		session->total_ms = total > 0 ? (u64)total : 0;
		break;
	default:
		session->missing = failed && !strcmp(message->name, "CommandNotFound");
		session->extension = !failed && !freehint_status_parse(&session->now,
								       message->body);
		break;
	}
	if (failed && !session->missing)
		log_warn_limited("QEMU refused %s: %s",
				 qmp_client_command_name(message->command), message->desc);
	if (!session->open_asks)
		decide(session);
}

/* Events that change what QEMU does; others are none of our business. */
static void take_event(struct session *session, const char *name)
{
	static const char *const telling[] = { "MIGRATION", "STOP", "RESUME" };
	unsigned int i;

	for (i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
		if (!strcmp(name, telling[i]) && !session->open_asks)
			event_loop_timer(session->loop, EVENT_ASK, 0);
}

static void connection_up(struct session *session)
{
	session->backoff_us = BACKOFF_MIN_US;
	log_info("connected to QEMU at %s", session->conf->qmp);
	session_ask(session);
}

static void take_message(struct session *session, const struct qmp_message *message)
{
	if (message->kind == QMP_MESSAGE_UP)
		connection_up(session);
	else if (message->kind == QMP_MESSAGE_EVENT)
		take_event(session, message->name);
	else if (message->command == QMP_GETFD || message->command == QMP_MARK_CLEAN)
		hint_batch_reply(&session->batch, &session->round, message);
	else
		take_answer(session, message);
}

void session_talk(struct session *session)
{
	struct qmp_message message;
	int ret = qmp_client_transfer(&session->qmp);

	while (!ret && !session->done && session->qmp.state != QMP_DOWN) {
		ret = qmp_client_next(&session->qmp, &message);
		if (ret <= 0)
			break;
		take_message(session, &message);
		ret = 0;
	}
	if (session->qmp.state == QMP_DOWN)
		return;
	if (ret) {
		connection_broke(session, ret);
		return;
	}
	/* Replies made room for the next batches. */
	if (session->region.base)
		session_poll(session);
	if (session->qmp.state != QMP_DOWN)
		watch_again(session);
}
