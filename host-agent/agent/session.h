/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent's dealings with one QEMU after another: connect, find out what it does,
 * map its shared memory when that is safe, run rounds, sum up migrations.
 */
#ifndef FREEHINT_SESSION_H
#define FREEHINT_SESSION_H

#include "conf.h"
#include "event_loop.h"
#include "host-agent/common/freehint_status.h"
#include "hint_round.h"
#include "hint_batch.h"
#include "metrics.h"
#include "migration_phase.h"
#include "qmp_client.h"
#include "session_note.h"
#include "host-agent/common/shm_region.h"
#include "stats.h"

#define SESSION_TEXT	64

/**
 * struct session - everything the agent is
 * @conf:       options
 * @loop:       event loop
 * @qmp:        monitor connection
 * @region:     mapping; exists only between attach and detach
 * @round:      round in progress
 * @batch:      batches in progress
 * @stats:      counts since the last summary
 * @metrics:    counts since the agent started
 * @phase:      what QEMU does; PHASE_UNKNOWN on a new connection
 * @note:       what was last said
 * @backoff_us: wait before the next try to connect, microseconds
 * @away_us:    since then nobody has spoken QMP, monotonic microseconds
 * @met:        a QEMU has spoken QMP, now or earlier
 * @connect_error: of the last try to connect
 * @open_asks:  queries of the current set without an answer
 * @asked_us:   when the set was sent, monotonic microseconds
 * @runstate:   query-status, "status"
 * @status:     query-migrate, "status"
 * @total_ms:   query-migrate, "total-time", milliseconds
 * @asked_again: the last set said "completed" without a time
 * @extension:  x-query-freehint was answered in this set
 * @missing:    ... with CommandNotFound
 * @now:        its last answer
 * @before:     its answer before the migration that runs, or the last one
 * @migrating:  an outgoing migration was seen and not yet summed up
 * @doubted:    QEMU says that reporting is off: poll slowly, whatever the shared
 *              memory says
 * @refused:    last reason for refusal that was logged
 * @done:       leave the main loop
 * @exit_code:  with this code
 */
struct session {
	const struct conf *conf;
	struct event_loop *loop;
	struct qmp_client qmp;
	struct shm_region region;
	struct hint_round round;
	struct hint_batch batch;
	struct agent_stats stats;
	struct metrics metrics;
	enum migration_phase phase;
	enum session_note note;
	u64 backoff_us;
	u64 away_us;
	bool met;
	int connect_error;
	unsigned int open_asks;
	u64 asked_us;
	char runstate[SESSION_TEXT];
	char status[SESSION_TEXT];
	u64 total_ms;
	bool asked_again;
	bool extension;
	bool missing;
	struct freehint_status now;
	struct freehint_status before;
	bool migrating;
	bool doubted;
	char refused[FREEHINT_STATUS_TEXT];
	bool done;
	enum agent_exit exit_code;
};

/**
 * session_init() - allocate all buffers
 * @session: session
 * @conf:    options; kept
 * @loop:    event loop; kept
 * @scribe:  socket to the scribe, -1 without one; the caller's
 *
 * Return: 0 or negative errno.
 */
int session_init(struct session *session, const struct conf *conf, struct event_loop *loop,
		 int scribe);

/** session_free() - undo session_init() and whatever came after it */
void session_free(struct session *session);

/** session_connect() - EVENT_RETRY: connect to QEMU, or try again later */
void session_connect(struct session *session);

/** session_talk() - EVENT_QMP: receive, handle every message, send */
void session_talk(struct session *session);

/** session_ask() - EVENT_ASK: ask QEMU what it is doing */
void session_ask(struct session *session);

/** session_poll() - EVENT_POLL: look at the shared memory, send what is new */
void session_poll(struct session *session);

/*
 * What follows is shared by session.c, session_ask.c and session_attach.c only.
 */

/** session_is_news() - remember @note; Return: true when the caller shall log it */
static inline bool session_is_news(struct session *session, enum session_note note)
{
	return session_note_is_news(&session->note, note, session->conf->json);
}

/** session_settle() - map the region if that is safe now, else say what is missing */
void session_settle(struct session *session);

/** session_detach() - stop polling and unmap; a session without a region is fine */
void session_detach(struct session *session);

/** session_tell_metrics() - what is so now, to the scribe; @now: whatever it was told */
void session_tell_metrics(struct session *session, bool now);

/** session_sum_up() - print the summary and begin to count anew */
void session_sum_up(struct session *session, enum migration_outcome outcome);

/**
 * session_send_queries() - send one set of questions
 *
 * Return: 0, or negative errno when the connection broke.
 */
int session_send_queries(struct session *session);

/** session_take_answer() - one answer of the set; the last one is acted upon */
void session_take_answer(struct session *session, const struct qmp_message *message);

#endif /* FREEHINT_SESSION_H */
