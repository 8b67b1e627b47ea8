/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that may wake the agent, one line each. main() has the one switch
 * over it; an event loop tells them apart by number only.
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

#endif /* FREEHINT_EVENT_KIND_H */
