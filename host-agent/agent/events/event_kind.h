/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The events that wake up the agent, and the backends of the event loop. main.c has the
 * only switch over the events; an event loop uses a kind only as a number.
 */
#ifndef FREEHINT_EVENT_KIND_H
#define FREEHINT_EVENT_KIND_H

/**
 * enum event_kind - what happened
 * @EVENT_STOP:  a signal that ends the agent is pending in the signal descriptor
 * @EVENT_QMP:   the QMP socket is readable or writable, or was closed
 * @EVENT_RETRY: time to connect to QMP again
 * @EVENT_QUERY: time to query QEMU's state
 * @EVENT_POLL:  time to read the request line of the shared memory, or QEMU has changed it
 * @EVENT_PRESSURE: the kernel reports that the host is short of memory
 * @EVENT_COUNT: number of kinds
 */
enum event_kind {
	EVENT_STOP,
	EVENT_QMP,
	EVENT_RETRY,
	EVENT_QUERY,
	EVENT_POLL,
	EVENT_PRESSURE,
	EVENT_COUNT,
};

/**
 * enum event_backend - how the loop waits; the sandbox allows only the calls of this one
 * @EVENT_BACKEND_RING: io_uring
 * @EVENT_BACKEND_POLL: ppoll()
 */
enum event_backend {
	EVENT_BACKEND_RING,
	EVENT_BACKEND_POLL,
};

/**
 * struct event - one wake-up
 * @kind:   what happened
 * @result: poll mask of a watched descriptor (or negative errno), 0 for a timer
 */
struct event {
	enum event_kind kind;
	int result;
};

#endif /* FREEHINT_EVENT_KIND_H */
