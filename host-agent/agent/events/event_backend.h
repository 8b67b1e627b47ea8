/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface between event_loop.c and its two backends: event_ring.c waits in an
 * io_uring, event_poll.c in ppoll(). No other file includes this one.
 */
#ifndef FREEHINT_EVENT_BACKEND_H
#define FREEHINT_EVENT_BACKEND_H

#include "event_kind.h"
#include "include/freehint/types.h"

struct event_loop;

/**
 * struct event_ops - operations of one backend; event_loop.h describes the calls
 * @backend: kind of backend; selects a table of the sandbox
 * @free:    event_loop_free(), never with NULL
 * @watch:   event_loop_watch()
 * @timer:   event_loop_timer()
 * @cancel:  event_loop_cancel()
 * @wait:    event_loop_wait()
 */
struct event_ops {
	enum event_backend backend;
	void (*free)(struct event_loop *loop);
	void (*watch)(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask);
	void (*timer)(struct event_loop *loop, enum event_kind kind, u64 usec);
	void (*cancel)(struct event_loop *loop, enum event_kind kind);
	int (*wait)(struct event_loop *loop, struct event *event);
};

/**
 * struct event_loop - common part, the first member of each backend's own structure
 * @ops: operations of the backend
 */
struct event_loop {
	const struct event_ops *ops;
};

/**
 * event_ring_new() - create a loop on io_uring, restricted to polls and timers
 * @loop: filled on success
 *
 * Return: 0; -ENOSYS, -EPERM, -EACCES: io_uring is disabled on this machine; -EINVAL:
 * the kernel is older than 5.10; other negative errno. A failure leaves nothing open.
 */
int event_ring_new(struct event_loop **loop);

/** event_poll_new() - create a loop on ppoll(); Return: 0 or -ENOMEM */
int event_poll_new(struct event_loop **loop);

#endif /* FREEHINT_EVENT_BACKEND_H */
