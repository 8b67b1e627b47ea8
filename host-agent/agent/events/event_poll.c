// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop on ppoll(), for machines where io_uring is disabled.
 *
 * The loop returns everything that one ppoll() found ready, one event per call, before it
 * calls ppoll() again. So no event starves, however busy the others are.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "host-agent/common/clock.h"
#include "event_backend.h"

/**
 * enum poll_state - state of one kind of event
 * @POLL_NONE:  nothing to wait for
 * @POLL_WATCH: waits for a descriptor
 * @POLL_TIMER: waits for a time
 * @POLL_READY: ready, not yet returned to the caller
 */
enum poll_state {
	POLL_NONE,
	POLL_WATCH,
	POLL_TIMER,
	POLL_READY,
};

/**
 * struct poll_slot - one kind of event
 * @state:  state of this kind
 * @fd:     watched descriptor
 * @mask:   poll mask of the watch
 * @due_us: when the timer expires, monotonic microseconds
 * @result: what to report when ready
 */
struct poll_slot {
	enum poll_state state;
	int fd;
	short mask;
	u64 due_us;
	int result;
};

struct poll_loop {
	struct event_loop loop;
	struct poll_slot slots[EVENT_COUNT];
};

static struct poll_loop *poll_loop(struct event_loop *loop)
{
	return (struct poll_loop *)loop;
}

static void poll_free(struct event_loop *loop)
{
	free(poll_loop(loop));
}

static void poll_watch(struct event_loop *loop, enum event_kind kind, int fd,
		       unsigned int mask)
{
	poll_loop(loop)->slots[kind] = (struct poll_slot){
		.state = POLL_WATCH, .fd = fd, .mask = (short)mask,
	};
}

static void poll_timer(struct event_loop *loop, enum event_kind kind, u64 usec)
{
	poll_loop(loop)->slots[kind] = (struct poll_slot){
		.state = POLL_TIMER, .due_us = clock_us() + usec,
	};
}

static void poll_cancel(struct event_loop *loop, enum event_kind kind)
{
	poll_loop(loop)->slots[kind].state = POLL_NONE;
}

static bool next_ready(struct poll_loop *loop, struct event *event)
{
	enum event_kind kind;

	for (kind = 0; kind < EVENT_COUNT; kind++) {
		if (loop->slots[kind].state != POLL_READY)
			continue;
		loop->slots[kind].state = POLL_NONE;
		event->kind = kind;
		event->result = loop->slots[kind].result;
		return true;
	}
	return false;
}

/* Time until the next timer. Return: false when there is none. */
static bool next_due(const struct poll_loop *loop, struct timespec *left)
{
	u64 now = clock_us(), due = ~0ULL, usec;
	enum event_kind kind;

	for (kind = 0; kind < EVENT_COUNT; kind++)
		if (loop->slots[kind].state == POLL_TIMER && loop->slots[kind].due_us < due)
			due = loop->slots[kind].due_us;
	if (due == ~0ULL)
		return false;
	usec = due > now ? due - now : 0;
	left->tv_sec = (time_t)(usec / 1000000);
	left->tv_nsec = (long)(usec % 1000000 * 1000);
	return true;
}

static void collect_ready(struct poll_loop *loop, const struct pollfd *fds)
{
	u64 now = clock_us();
	struct poll_slot *slot;
	enum event_kind kind;

	for (kind = 0; kind < EVENT_COUNT; kind++) {
		slot = &loop->slots[kind];
		if (slot->state == POLL_WATCH && fds[kind].revents) {
			slot->state = POLL_READY;
			slot->result = (fds[kind].revents & POLLNVAL) ? -EBADF :
									fds[kind].revents;
		} else if (slot->state == POLL_TIMER && slot->due_us <= now) {
			slot->state = POLL_READY;
			slot->result = 0;
		}
	}
}

static int poll_once(struct poll_loop *loop)
{
	struct pollfd fds[EVENT_COUNT];
	struct timespec left;
	enum event_kind kind;
	bool timed;

	for (kind = 0; kind < EVENT_COUNT; kind++) {
		/* ppoll() skips a negative descriptor. */
		fds[kind].fd = loop->slots[kind].state == POLL_WATCH ?
			       loop->slots[kind].fd : -1;
		fds[kind].events = loop->slots[kind].mask;
		fds[kind].revents = 0;
	}
	timed = next_due(loop, &left);
	if (ppoll(fds, EVENT_COUNT, timed ? &left : NULL, NULL) < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	collect_ready(loop, fds);
	return 0;
}

static int poll_wait(struct event_loop *loop, struct event *event)
{
	int ret = 0;

	while (!ret && !next_ready(poll_loop(loop), event))
		ret = poll_once(poll_loop(loop));
	return ret;
}

static const struct event_ops poll_ops = {
	.backend = EVENT_BACKEND_POLL,
	.free = poll_free,
	.watch = poll_watch,
	.timer = poll_timer,
	.cancel = poll_cancel,
	.wait = poll_wait,
};

int event_poll_new(struct event_loop **out)
{
	struct poll_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->loop.ops = &poll_ops;
	*out = &loop->loop;
	return 0;
}
