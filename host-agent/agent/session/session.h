/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent's connection to QEMU: connect, query what QEMU is doing, map its shared memory
 * when that is safe, run rounds, print a summary of each migration.
 */
#ifndef FREEHINT_SESSION_H
#define FREEHINT_SESSION_H

#include "host-agent/agent/conf/conf.h"
#include "host-agent/agent/events/event_loop.h"
#include "host-agent/agent/give-back/give_back_policy.h"
#include "host-agent/agent/give-back/offer_flow.h"
#include "host-agent/agent/metrics/metrics.h"
#include "host-agent/agent/migration/migration_phase.h"
#include "host-agent/agent/migration/stats.h"
#include "host-agent/agent/qmp/qmp_client.h"
#include "host-agent/agent/round/hint_flow.h"
#include "host-agent/common/freehint_status.h"
#include "host-agent/common/log.h"
#include "host-agent/common/shm_region.h"
#include "session_note.h"
#include "wake.h"

#define SESSION_TEXT	64

/**
 * struct qemu_answers - what a set of queries fills
 * @pending:   queries of the current set without an answer
 * @again:     something has changed since the set was sent: send another at once
 * @sent_us:   when the set was sent, monotonic microseconds
 * @complete:  a set has had all its answers on this connection
 * @late:      the answers to the current set are late, and that was logged
 * @runstate:  query-status, "status"
 * @status:    query-migrate, "status"
 * @total_ms:  query-migrate, "total-time", milliseconds
 * @stop_ms:   likewise, "downtime"
 * @time_missing: the last set reported "completed" without a time
 * @extension: x-query-freehint was answered in this set
 * @missing:   x-query-freehint failed with CommandNotFound in this set
 * @now:       last answer to x-query-freehint
 * @before:    its answer before the current migration, or before the last one
 */
struct qemu_answers {
	unsigned int pending;
	bool again;
	u64 sent_us;
	bool complete;
	bool late;
	char runstate[SESSION_TEXT];
	char status[SESSION_TEXT];
	u64 total_ms;
	u64 stop_ms;
	bool time_missing;
	bool extension;
	bool missing;
	struct freehint_status now;
	struct freehint_status before;
};

/**
 * struct session - the whole state of the agent
 * @conf:       options
 * @loop:       event loop
 * @qmp:        monitor connection
 * @region:     mapping; exists only between attach and detach
 * @flow:       round and batches in progress
 * @offers:     offers of free blocks in progress
 * @give_back:  when the guest is asked for its free memory
 * @pressure_watched: the kernel reports memory pressure to the agent
 * @wake:       how QEMU wakes the agent
 * @stats:      counters since the last summary
 * @metrics:    counters since the agent started
 * @phase:      what QEMU is doing; PHASE_UNKNOWN on a new connection
 * @note:       last note that was logged
 * @backoff_us: delay before the next attempt to connect, microseconds
 * @disconnected_us: since when nobody accepts a connection, or only peers that do not speak
 *              QMP or close at once do, monotonic microseconds
 * @connected_us: when the last connection was made, monotonic microseconds
 * @up_us:      since when this QEMU speaks QMP, monotonic microseconds
 * @seen_qemu:  a QEMU has spoken QMP, now or earlier
 * @connect_error: error of the last attempt to connect, 0 if it succeeded
 * @answers:    what QEMU has said it does
 * @migrating:  an outgoing migration was seen, and its summary was not printed yet
 * @reporting_off:    QEMU reports that reporting is off: poll slowly, even if the request
 *              line differs
 * @refused:    last reason for refusal that was logged
 * @refusals:   limit of these lines
 * @done:       leave the main loop
 * @exit_code:  exit code when @done
 */
struct session {
	const struct conf *conf;
	struct event_loop *loop;
	struct qmp_client qmp;
	struct shm_region region;
	struct hint_flow flow;
	struct offer_flow offers;
	struct give_back_policy give_back;
	bool pressure_watched;
	struct wake wake;
	struct agent_stats stats;
	struct metrics metrics;
	enum migration_phase phase;
	enum session_note note;
	u64 backoff_us;
	u64 disconnected_us;
	u64 connected_us;
	u64 up_us;
	bool seen_qemu;
	int connect_error;
	struct qemu_answers answers;
	bool migrating;
	bool reporting_off;
	char refused[FREEHINT_STATUS_TEXT];
	struct log_limit refusals;
	bool done;
	enum agent_exit exit_code;
};

/**
 * session_init() - allocate all buffers
 * @session: session
 * @conf:    options; kept
 * @loop:    event loop; kept
 * @writer:  socket to the metrics writer, -1 without one; the caller owns it
 *
 * Return: 0 or negative errno.
 */
int session_init(struct session *session, const struct conf *conf, struct event_loop *loop,
		 int writer);

/** session_free() - unmap the region, close the connection and free all buffers */
void session_free(struct session *session);

/** session_connect() - EVENT_RETRY: connect to QEMU, or try again later */
void session_connect(struct session *session);

/** session_handle_qmp() - EVENT_QMP: receive, handle every message, send */
void session_handle_qmp(struct session *session);

/** session_query() - EVENT_QUERY: query what QEMU is doing */
void session_query(struct session *session);

/** session_poll() - EVENT_POLL: read the shared memory, send new ranges */
void session_poll(struct session *session);

/** session_pressed() - EVENT_PRESSURE: the host is short of memory */
void session_pressed(struct session *session);

/** session_pressure_lost() - nobody reports any more when the host is short of memory */
void session_pressure_lost(struct session *session);

/*
 * Only session*.c use the rest.
 */

/** session_update_note() - record @note; Return: true when the caller has to log it */
static inline bool session_update_note(struct session *session, enum session_note note)
{
	return session_note_update(&session->note, note, session->conf->json);
}

/** session_connect_init() - no attempt to connect was made yet */
void session_connect_init(struct session *session);

/** session_connection_broke() - drop the connection because of @error, and connect again later */
void session_connection_broke(struct session *session, int error);

/** session_watch_socket() - wait until the monitor's socket is readable, or writable if need be */
void session_watch_socket(struct session *session);

/**
 * session_qemu_refuses() - does QEMU refuse hints for a reason that does not go away by itself?
 *
 * The missing module does not count: it has an alert of its own.
 */
bool session_qemu_refuses(const struct session *session);

/** session_is_refused() - does anything prevent hints that does not go away by itself? */
bool session_is_refused(const struct session *session);

/** session_check_region() - unmap a region that QEMU does not have any more */
void session_check_region(struct session *session);

/** session_try_attach() - map the region if that is safe now, else log what is missing */
void session_try_attach(struct session *session);

/** session_poll_period() - microseconds until the next poll of the region */
u64 session_poll_period(const struct session *session);

/** session_may_sleep() - is there nothing to poll for until QEMU wakes the agent? */
bool session_may_sleep(const struct session *session);

/** session_detach() - stop polling and unmap; does nothing without a region */
void session_detach(struct session *session);

/** session_send_metrics() - send the state to the writer; @now: as in metrics_send() */
void session_send_metrics(struct session *session, bool now);

/**
 * session_update_migration() - has a migration begun or ended? Print the summary of one that has
 * @session: session with a new set of answers
 * @before:  phase by the set before
 */
void session_update_migration(struct session *session, enum migration_phase before);

/** session_abandon_migration() - the connection is over: end the migration that QEMU has begun */
void session_abandon_migration(struct session *session);

/** session_await() - does QEMU owe a greeting or answers? Say so then, and look again later */
bool session_await(struct session *session);

/**
 * session_send_queries() - send one set of queries, and look for its answers later
 *
 * Return: 0, or negative errno when the connection broke.
 */
int session_send_queries(struct session *session);

/** session_handle_answer() - handle one answer of the set; act after the last one */
void session_handle_answer(struct session *session, const struct qmp_message *message);

#endif /* FREEHINT_SESSION_H */
