// SPDX-License-Identifier: GPL-2.0
/*
 * POLLPRI in both kinds of event loop: what a trigger on memory pressure reports.
 */
/* links: host-agent/agent/events/event_loop.c host-agent/agent/events/event_ring.c */
/* links: host-agent/agent/events/event_poll.c host-agent/common/log.c */
/* links: host-agent/common/printable.c */
/* libs: liburing */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "host-agent/agent/events/event_backend.h"
#include "host-agent/agent/events/event_loop.h"
#include "tests/unit/unit.h"

/* What a child cannot try here. */
#define CANNOT		42

static struct event_loop *loop;
static struct event event;

/*
 * In a child with mounts of its own. Their list reports POLLPRI the way a trigger on memory
 * pressure does: it wakes who waits, and does not tell for what.
 */
static int see_mount(int (*make)(struct event_loop **made))
{
	int fd;

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return CANNOT;
	fd = open("/proc/self/mounts", O_RDONLY);
	/* No io_uring here, perhaps. */
	if (make(&loop))
		return CANNOT;
	if (fd < 0)
		return 1;
	event_loop_watch(loop, EVENT_PRESSURE, fd, POLLPRI);
	event_loop_timer(loop, EVENT_POLL, 1000);
	if (event_loop_wait(loop, &event) || event.kind != EVENT_POLL)
		return 2;
	if (mount("none", "/tmp", "tmpfs", 0, NULL))
		return CANNOT;
	if (event_loop_wait(loop, &event) || event.kind != EVENT_PRESSURE)
		return 3;
	return event.result & POLLPRI ? 0 : 4;
}

static void urgent_condition_is_reported_by(int (*make)(struct event_loop **made))
{
	pid_t pid = fork();
	int code;

	if (!pid)
		_exit(see_mount(make));
	code = child_exit(pid);
	if (code == CANNOT) {
		printf("skipped: no mounts of our own, or no io_uring, here\n");
		skip();
	}
	assert_int_equal(code, 0);
}

static void urgent_condition_is_reported_by_poll(void **state)
{
	urgent_condition_is_reported_by(event_poll_new);
}

static void urgent_condition_is_reported_by_the_ring(void **state)
{
	urgent_condition_is_reported_by(event_ring_new);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(urgent_condition_is_reported_by_the_ring),
		cmocka_unit_test(urgent_condition_is_reported_by_poll),
)
