// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's session without its program: a loop that only writes down what it is
 * asked for, a guest, and a monitor in the same thread.
 */
/* links: host-agent/agent/session/session.c host-agent/agent/session/session_connect.c */
/* links: host-agent/agent/session/session_query.c host-agent/agent/session/session_metrics.c */
/* links: host-agent/agent/session/session_migration.c */
/* links: host-agent/agent/session/session_attach.c host-agent/agent/session/session_note.c */
/* links: host-agent/agent/session/session_pace.c host-agent/agent/session/wake.c */
/* links: host-agent/agent/qmp/qmp_client.c host-agent/agent/qmp/qmp_command.c */
/* links: host-agent/common/qmp_stream.c host-agent/common/read_json.c */
/* links: host-agent/agent/round/hint_flow.c host-agent/agent/round/hint_batch.c */
/* links: host-agent/agent/round/hint_round.c host-agent/common/bits_to_ranges.c */
/* links: host-agent/common/shm_region.c */
/* links: host-agent/agent/migration/migration_phase.c host-agent/common/freehint_status.c */
/* links: host-agent/common/give_back_status.c */
/* links: host-agent/agent/give-back/give_back_policy.c */
/* links: host-agent/agent/give-back/offer_flow.c */
/* links: host-agent/agent/give-back/offer_ranges.c proto/guest_offer.c */
/* links: host-agent/agent/metrics/metrics.c host-agent/agent/metrics/prometheus_text.c */
/* links: host-agent/agent/migration/stats.c */
/* links: host-agent/common/log.c proto/host_snapshot.c proto/host_request.c */
/* links: host-agent/common/printable.c */
/* links: proto/host_offer.c */
/* links: proto/guest_publish.c tests/fakes/fake_qmp_server.c */
/* links: tests/fakes/session_rig.c */
/* libs: jansson */
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fakes/guest_voice.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

#define STEPS		200

struct session_rig session_rig;

/* Instead of event_loop.c. */
void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask)
{
	if (kind == EVENT_POLL) {
		loop->timer[kind] = false;
		loop->wake = fd;
		return;
	}
	assert_int_equal(kind, EVENT_QMP);
	loop->fd = fd;
	loop->mask = mask;
}

void event_loop_timer(struct event_loop *loop, enum event_kind kind, u64 usec)
{
	loop->timer[kind] = true;
	loop->usec[kind] = usec;
	if (kind == EVENT_POLL)
		loop->wake = -1;
}

void event_loop_cancel(struct event_loop *loop, enum event_kind kind)
{
	loop->timer[kind] = false;
	if (kind == EVENT_POLL)
		loop->wake = -1;
	if (kind == EVENT_QMP)
		loop->fd = -1;
}

void session_rig_prepare(void)
{
	char path[64];

	log_init(LOG_LEVEL_ERROR);
	memset(&session_rig, 0, sizeof(session_rig));
	session_rig.loop.fd = -1;
	session_rig.loop.wake = -1;
	snprintf(session_rig.path, sizeof(session_rig.path), "/dev/shm/freehint-session-XXXXXX");
	session_rig.shm = region_make_file(session_rig.path, SESSION_RIG_SIZE).shm;
	assert_int_equal(freehint_publisher_attach(&session_rig.guest, session_rig.shm,
						   SESSION_RIG_SIZE), 0);
	snprintf(path, sizeof(path), "/tmp/freehint-session-%d.qmp", getpid());
	assert_int_equal(fake_qmp_listen(&session_rig.server, path), 0);
	session_rig.server.instance = SESSION_RIG_INSTANCE;
	session_rig.server.size = SESSION_RIG_SIZE;
	session_rig.conf = (struct conf){
		.qmp = session_rig.server.path, .shm = session_rig.path, .poll_us = 1000,
	};
}

int session_rig_setup(void **state)
{
	session_rig_prepare();
	return session_init(&session_rig.session, &session_rig.conf, &session_rig.loop, -1);
}

int session_rig_setup_metrics(int pair[2])
{
	session_rig_prepare();
	session_rig.conf.metrics = "/run/vm1.prom";
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	return session_init(&session_rig.session, &session_rig.conf, &session_rig.loop, pair[0]);
}

int session_rig_teardown(void **state)
{
	session_free(&session_rig.session);
	fake_qmp_close(&session_rig.server);
	munmap(session_rig.shm, SESSION_RIG_SIZE);
	return unlink(session_rig.path);
}

/* Nobody waits for the monitor. */
static bool quiet(struct fake_qmp *server)
{
	struct pollfd pfd = {
		.fd = server->fd < 0 ? server->listener : server->fd, .events = POLLIN,
	};

	return poll(&pfd, 1, 0) <= 0;
}

static void turn(bool session)
{
	if (session_rig.turn)
		session_rig.turn(session);
}

void talk(void)
{
	struct pollfd pfd;
	unsigned int i, idle = 0;

	for (i = 0; i < STEPS && idle < 3; i++) {
		fake_qmp_serve(&session_rig.server, quiet, 1000);
		pfd = (struct pollfd){
			.fd = session_rig.loop.fd, .events = (short)session_rig.loop.mask,
		};
		idle++;
		if (session_rig.loop.fd < 0 || poll(&pfd, 1, 0) <= 0 || !(pfd.revents & ~POLLOUT))
			continue;
		idle = 0;
		turn(true);
		session_handle_qmp(&session_rig.session);
		turn(false);
	}
}

void fire(enum event_kind kind)
{
	assert_true(session_rig.loop.timer[kind] ||
		    (kind == EVENT_POLL && session_rig.loop.wake >= 0));
	session_rig.loop.timer[kind] = false;
	turn(true);
	if (kind == EVENT_RETRY)
		session_connect(&session_rig.session);
	else if (kind == EVENT_QUERY)
		session_query(&session_rig.session);
	else
		session_poll(&session_rig.session);
	turn(false);
}

void session_rig_attach(void)
{
	session_connect(&session_rig.session);
	talk();
	assert_non_null(session_rig.session.region.base);
}

void session_rig_query(void)
{
	fire(EVENT_QUERY);
	talk();
}

void session_rig_publish(u64 round)
{
	guest_voice_round(&session_rig.guest, session_rig.shm, round, ~0ULL, 1);
}
