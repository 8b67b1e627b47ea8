/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session without an event loop, a socket and a QEMU, which the input plays, for
 * fuzz_session.c.
 */
#ifndef FREEHINT_AGENT_SESSION_H
#define FREEHINT_AGENT_SESSION_H

#include "fuzz.h"

#include "host-agent/agent/session/session.h"
#include "proto/host_request.h"

#define RIG_REGION	16384
#define RIG_INSTANCE	4242

/* Bytes that QEMU has said and nobody has received. */
#define RIG_PIPE	65536

/**
 * struct agent_session - one run
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
struct agent_session {
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

extern struct agent_session rig;

/** agent_session_start() - a fresh agent that is about to connect */
void agent_session_start(const u8 *data, size_t size);

/** agent_session_end() - give everything back */
void agent_session_end(void);

/** agent_session_fire() - was @kind waited for? It is not any more */
bool agent_session_fire(enum event_kind kind);

/** agent_session_say() - QEMU sends bytes of the input, or a greeting, or an event */
void agent_session_say(u8 how);

/** agent_session_answer() - QEMU answers a question that was put, in some way */
void agent_session_answer(u8 how);

/** agent_session_write_region() - the guest writes somewhere, or the host asks */
void agent_session_write_region(u8 how);

/** agent_session_break() - the connection closes, or the socket fills up */
void agent_session_break(u8 how);

/** session_check_line() - a whole line was sent: it has to be a command that QEMU knows */
void session_check_line(void);

/** agent_session_check() - what must hold between any two events */
void agent_session_check(void);

#endif /* FREEHINT_AGENT_SESSION_H */
