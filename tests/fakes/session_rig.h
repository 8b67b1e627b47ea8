/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent's session without its program: a loop that only writes down what it is
 * asked for, a guest, and a monitor in the same thread.
 */
#ifndef FREEHINT_SESSION_RIG_H
#define FREEHINT_SESSION_RIG_H

#include "host-agent/agent/session/session.h"
#include "proto/guest_publish.h"
#include "tests/fakes/fake_qmp_server.h"
#include "tests/unit/region.h"

#define SESSION_RIG_SIZE		(1 << 16)
#define SESSION_RIG_INSTANCE	REGION_INSTANCE

/**
 * struct event_loop - what the session has asked for
 * @timer: armed timers, by kind
 * @usec:  their periods
 * @fd:    watched descriptor or -1
 * @mask:  what it is watched for
 * @wake:  descriptor that the next poll waits for, or -1
 */
struct event_loop {
	bool timer[EVENT_COUNT];
	u64 usec[EVENT_COUNT];
	int fd;
	unsigned int mask;
	int wake;
};

/**
 * struct session_rig - the session and everything around it
 * @loop:    loop
 * @conf:    options
 * @session: what is tested
 * @server:  QEMU's monitor
 * @shm:     region
 * @guest:   guest module
 * @path:    file behind the region
 * @turn:    told when the session is about to run (true), and when it has run; or NULL
 */
struct session_rig {
	struct event_loop loop;
	struct conf conf;
	struct session session;
	struct fake_qmp server;
	struct freehint_shm *shm;
	struct freehint_publisher guest;
	char path[64];
	void (*turn)(bool session);
};

extern struct session_rig session_rig;

/* SESSION_TEST(name) - a case that begins with a session and no connection */
#define SESSION_TEST(name)							\
	cmocka_unit_test_setup_teardown(name, session_rig_setup, session_rig_teardown)

/** session_rig_setup() - cmocka set-up: region, monitor and a session; no connection */
int session_rig_setup(void **state);

/** session_rig_setup_metrics() - likewise, with metrics of vm1 that arrive at @pair[1] */
int session_rig_setup_metrics(int pair[2]);

/** session_rig_teardown() - cmocka tear-down */
int session_rig_teardown(void **state);

/** session_rig_prepare() - the first half of the set-up: no session yet */
void session_rig_prepare(void);

/** talk() - the monitor's turn, then the session's, until nobody has anything to say */
void talk(void);

/** fire() - what happens when a timer of @kind is due */
void fire(enum event_kind kind);

/** session_rig_attach() - connect to the monitor; the region is mapped */
void session_rig_attach(void);

/** session_rig_query() - the timer of the queries is due; then everybody talks */
void session_rig_query(void);

/** session_rig_publish() - open a round and answer it: one word of free pages */
void session_rig_publish(u64 round);

#endif /* FREEHINT_SESSION_RIG_H */
