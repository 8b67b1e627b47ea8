/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session without an event loop, a socket and a QEMU, which the input plays, for
 * fuzz_session.c.
 */
#ifndef FREEHINT_SESSION_RIG_H
#define FREEHINT_SESSION_RIG_H

#include "fuzz.h"

#include "host-agent/agent/session/session.h"
#include "proto/host_request.h"

#define RIG_REGION	16384
#define RIG_INSTANCE	4242

/* Bytes that QEMU has said and nobody has received. */
#define RIG_PIPE	65536

/**
 * struct session_rig - one run
 * @in:      input
 * @session: the agent
 * @conf:    its options
 * @armed:   timers and watches that may fire
 * @region:  the file behind the device, as the guest sees it
 * @said:    bytes on their way from QEMU, @said_len of them
 * @closed:  the connection ends after them
 * @narrow:  the next bytes that the agent sends are not all taken
 * @line:    command that the agent is sending, @line_len bytes of it
 */
struct session_rig {
	struct input in;
	struct session session;
	struct conf conf;
	bool armed[EVENT_COUNT];
	struct freehint_shm *region;
	char said[RIG_PIPE];
	size_t said_len;
	bool closed;
	unsigned int narrow;
	char line[2 * QMP_LONG_TEXT];
	size_t line_len;
};

extern struct session_rig rig;

/** session_rig_start() - a fresh agent that is about to connect */
void session_rig_start(const u8 *data, size_t size);

/** session_rig_end() - give everything back */
void session_rig_end(void);

/** session_rig_fire() - was @kind waited for? It is not any more */
bool session_rig_fire(enum event_kind kind);

/** session_rig_say() - QEMU sends bytes of the input, or a greeting, or an event */
void session_rig_say(u8 how);

/** session_rig_answer() - QEMU answers a question that was put, in some way */
void session_rig_answer(u8 how);

/** session_rig_write_region() - the guest writes somewhere, or the host asks */
void session_rig_write_region(u8 how);

/** session_rig_break() - the connection closes, or the socket fills up */
void session_rig_break(u8 how);

/** session_check_line() - a whole line was sent: it has to be a command that QEMU knows */
void session_check_line(void);

/** session_rig_check() - what must hold between any two events */
void session_rig_check(void);

#endif /* FREEHINT_SESSION_RIG_H */
