// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop: one watched descriptor or timer for each kind of event. It waits in an
 * io_uring where the kernel offers one, and in ppoll() everywhere else.
 *
 * Both backends do the same at about the same cost: they wait, with one system call for
 * each wake-up, and move no data. So a missing io_uring, for whatever reason, is only one
 * line in the log: administrators disable io_uring on purpose.
 */
#include "event_loop.h"

#include <string.h>

#include "event_backend.h"
#include "host-agent/common/log.h"

static const char *ring_advice(int error)
{
	switch (error) {
	case -ENOSYS:
	case -EPERM:
	case -EACCES:
		return " (sysctl kernel.io_uring_disabled or a seccomp profile forbids it)";
	case -EINVAL:
		return " (Linux 5.10 or newer has what is needed)";
	default:
		return "";
	}
}

int event_loop_new(struct event_loop **loop)
{
	int ret = event_ring_new(loop);

	if (!ret)
		return 0;
	log_info("no io_uring: %s%s, the agent uses poll instead and hints all the same",
		 strerror(-ret), ring_advice(ret));
	return event_poll_new(loop);
}

void event_loop_free(struct event_loop *loop)
{
	if (loop)
		loop->ops->free(loop);
}

enum event_backend event_loop_backend(const struct event_loop *loop)
{
	return loop->ops->backend;
}

void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask)
{
	loop->ops->watch(loop, kind, fd, mask);
}

void event_loop_timer(struct event_loop *loop, enum event_kind kind, u64 usec)
{
	loop->ops->timer(loop, kind, usec);
}

void event_loop_cancel(struct event_loop *loop, enum event_kind kind)
{
	loop->ops->cancel(loop, kind);
}

int event_loop_wait(struct event_loop *loop, struct event *event)
{
	return loop->ops->wait(loop, event);
}
