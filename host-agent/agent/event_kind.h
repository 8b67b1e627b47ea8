/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that may wake the agent, one line each. main() has the one switch
 * over it; an event loop tells them apart by number only. And what a loop waits in.
 */
#ifndef FREEHINT_EVENT_KIND_H
#define FREEHINT_EVENT_KIND_H

/**
 * enum event_kind - what happened
 * @EVENT_STOP:  SIGTERM or SIGINT is waiting in the signal descriptor
 * @EVENT_QMP:   the QMP socket can be read or written, or was closed
 * @EVENT_RETRY: time to connect to QMP again
 * @EVENT_ASK:   time to ask QEMU what it is doing
 * @EVENT_POLL:  time to look at the request line of the shared memory
 * @EVENT_COUNT: number of kinds
 */
enum event_kind {
	EVENT_STOP,
	EVENT_QMP,
	EVENT_RETRY,
	EVENT_ASK,
	EVENT_POLL,
	EVENT_COUNT,
};

/**
 * enum event_backend - what the loop waits in; the sandbox lists no more than that
 * @EVENT_BACKEND_RING: io_uring
 * @EVENT_BACKEND_POLL: ppoll()
 */
enum event_backend {
	EVENT_BACKEND_RING,
	EVENT_BACKEND_POLL,
};

/**
 * struct event - one wake-up
 * @kind:   what it is
 * @result: poll mask of a watched descriptor (or negative errno), 0 for a timer
 */
struct event {
	enum event_kind kind;
	int result;
};

#endif /* FREEHINT_EVENT_KIND_H */
