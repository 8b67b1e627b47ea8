// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop, both kinds of it: the same cases for io_uring and for ppoll(), and
 * when the one takes the place of the other.
 */
/* links: host-agent/agent/events/event_loop.c host-agent/agent/events/event_ring.c */
/* links: host-agent/agent/events/event_poll.c */
/* links: host-agent/common/log.c tests/fakes/ban_ring.c */
/* links: host-agent/common/printable.c */
/* libs: liburing */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/agent/events/event_backend.h"
#include "host-agent/agent/events/event_loop.h"
#include "tests/fakes/ban_ring.h"
#include "tests/unit/unit.h"

/* Longer than any test waits for a thing that happens. */
#define NEVER_US	3600000000ULL

static struct event_loop *loop;
static struct event event;
static int ends[2];

static int setup(int (*make)(struct event_loop **made))
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	return make(&loop);
}

static int setup_ring(void **state)
{
	return setup(event_ring_new);
}

static int setup_poll(void **state)
{
	return setup(event_poll_new);
}

static int teardown(void **state)
{
	event_loop_free(loop);
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return 0;
}

static void fill(void)
{
	assert_int_equal(write(ends[1], "x", 1), 1);
}

static void drain(void)
{
	char text[16];

	assert_true(read(ends[0], text, sizeof(text)) > 0);
}

static enum event_kind next(void)
{
	assert_int_equal(event_loop_wait(loop, &event), 0);
	return event.kind;
}

static void timer_comes_when_it_is_due(void **state)
{
	u64 start = clock_us();

	event_loop_timer(loop, EVENT_QUERY, NEVER_US);
	event_loop_timer(loop, EVENT_POLL, 10000);
	event_loop_timer(loop, EVENT_RETRY, NEVER_US);
	assert_int_equal(next(), EVENT_POLL);
	assert_int_equal(event.result, 0);
	assert_true(clock_us() - start >= 10000);
	event_loop_timer(loop, EVENT_QUERY, 20000);
	assert_int_equal(next(), EVENT_QUERY);
	assert_true(clock_us() - start >= 30000);
}

static void watch_reports_once(void **state)
{
	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
	event_loop_timer(loop, EVENT_POLL, 1000);
	assert_int_equal(next(), EVENT_POLL);
	fill();
	assert_int_equal(next(), EVENT_QMP);
	assert_true(event.result & POLLIN);
	/* Still readable, but nobody asked again. */
	event_loop_timer(loop, EVENT_POLL, 1000);
	assert_int_equal(next(), EVENT_POLL);
}

static void watch_for_room_reports_at_once(void **state)
{
	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN | POLLOUT);
	assert_int_equal(next(), EVENT_QMP);
	assert_true(event.result & POLLOUT);
	assert_false(event.result & POLLIN);
}

static void end_of_the_peer_is_reported(void **state)
{
	event_loop_watch(loop, EVENT_QMP, ends[0], 0);
	close(ends[1]);
	ends[1] = -1;
	assert_int_equal(next(), EVENT_QMP);
	assert_true(event.result & POLLHUP);
}

static void closed_descriptor_is_an_error(void **state)
{
	int fd = dup(ends[0]);

	close(fd);
	event_loop_watch(loop, EVENT_QMP, fd, POLLIN);
	assert_int_equal(next(), EVENT_QMP);
	assert_int_equal(event.result, -EBADF);
}

static void what_was_forgotten_does_not_come(void **state)
{
	fill();
	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
	event_loop_timer(loop, EVENT_QUERY, 0);
	event_loop_timer(loop, EVENT_RETRY, 5000);
	event_loop_cancel(loop, EVENT_QMP);
	event_loop_cancel(loop, EVENT_QUERY);
	event_loop_cancel(loop, EVENT_STOP);
	assert_int_equal(next(), EVENT_RETRY);
}

/* Ready, and perhaps already found so, when it is forgotten. */
static void what_is_ready_can_be_forgotten(void **state)
{
	fill();
	event_loop_watch(loop, EVENT_STOP, ends[0], POLLIN);
	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
	event_loop_timer(loop, EVENT_QUERY, 0);
	next();
	event_loop_cancel(loop, EVENT_STOP);
	event_loop_cancel(loop, EVENT_QMP);
	event_loop_cancel(loop, EVENT_QUERY);
	event_loop_timer(loop, EVENT_POLL, 5000);
	assert_int_equal(next(), EVENT_POLL);
}

static void last_wish_of_a_kind_counts(void **state)
{
	u64 start = clock_us();
	int i;

	for (i = 0; i < 1000; i++)
		event_loop_timer(loop, EVENT_POLL, NEVER_US);
	event_loop_timer(loop, EVENT_POLL, 2000);
	assert_int_equal(next(), EVENT_POLL);
	assert_true(clock_us() - start >= 2000);
	event_loop_timer(loop, EVENT_POLL, 0);
	event_loop_timer(loop, EVENT_POLL, NEVER_US);
	event_loop_timer(loop, EVENT_QUERY, 2000);
	assert_int_equal(next(), EVENT_QUERY);
}

static void descriptor_that_came_again_is_a_new_one(void **state)
{
	int other[2];

	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
	event_loop_timer(loop, EVENT_POLL, 0);
	assert_int_equal(next(), EVENT_POLL);
	fill();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
	assert_int_equal(dup2(other[0], ends[0]), ends[0]);
	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
	event_loop_timer(loop, EVENT_POLL, 5000);
	assert_int_equal(next(), EVENT_POLL);
	close(other[0]);
	close(other[1]);
}

/* A socket that is always ready, a timer that is always due, and a third. */
static void busy_kinds_leave_room_for_others(void **state)
{
	unsigned int seen[EVENT_COUNT] = { 0 }, turns = 0;

	fill();
	event_loop_timer(loop, EVENT_RETRY, 2000);
	event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
	event_loop_timer(loop, EVENT_POLL, 0);
	while (!seen[EVENT_RETRY] || seen[EVENT_QMP] < 50 || seen[EVENT_POLL] < 50) {
		assert_true(turns++ < 10000000);
		seen[next()]++;
		if (event.kind == EVENT_QMP)
			event_loop_watch(loop, EVENT_QMP, ends[0], POLLIN);
		else if (event.kind == EVENT_POLL)
			event_loop_timer(loop, EVENT_POLL, 0);
	}
	drain();
}

static void on_alarm(int sig)
{
}

static void signal_does_not_end_the_wait(void **state)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	struct sigaction old;

	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	event_loop_timer(loop, EVENT_QUERY, 50000);
	ualarm(5000, 5000);
	assert_int_equal(next(), EVENT_QUERY);
	ualarm(0, 0);
	sigaction(SIGALRM, &old, NULL);
}

/* In a child without io_uring. Return: what is wrong, 0 when it waits by ppoll(). */
static int live_without_ring(enum ring_call call, int error)
{
	unsigned int files = open_files();

	if (ban_ring(call, error))
		return 1;
	if (event_loop_new(&loop) || event_loop_backend(loop) != EVENT_BACKEND_POLL)
		return 2;
	if (open_files() != files)
		return 3;
	event_loop_timer(loop, EVENT_QUERY, 1000);
	if (event_loop_wait(loop, &event) || event.kind != EVENT_QUERY)
		return 4;
	event_loop_free(loop);
	return 0;
}

/* The ring that breaks when it is used first. */
static int live_with_broken_ring(enum ring_call call, int error)
{
	if (ban_ring(call, error) || event_ring_new(&loop))
		return 1;
	event_loop_timer(loop, EVENT_QUERY, 1000);
	if (event_loop_wait(loop, &event) != -error)
		return 2;
	event_loop_free(loop);
	return 0;
}

/* Return: what @life returned; @said is filled with what it said. */
static int in_child(int (*life)(enum ring_call call, int error), enum ring_call call,
		    int error, char *said, size_t room)
{
	int out[2];
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(out[1], STDERR_FILENO);
		_exit(life(call, error));
	}
	close(out[1]);
	len = read(out[0], said, room - 1);
	said[len > 0 ? len : 0] = '\0';
	close(out[0]);
	return child_exit(pid);
}

static void poll_takes_the_place_of_a_ring(void **state)
{
	static const struct {
		enum ring_call call;
		int error;
		const char *advice;
	} cases[] = {
		{ RING_SETUP, EPERM, "kernel.io_uring_disabled" },
		{ RING_SETUP, ENOSYS, "kernel.io_uring_disabled" },
		{ RING_SETUP, EACCES, "kernel.io_uring_disabled" },
		{ RING_SETUP, EINVAL, "Linux 5.10" },
		{ RING_SETUP, ENOMEM, "Cannot allocate memory" },
		{ RING_REGISTER, EPERM, "kernel.io_uring_disabled" },
		{ RING_REGISTER, EINVAL, "Linux 5.10" },
		{ RING_ENTER, EPERM, "kernel.io_uring_disabled" },
	};
	char said[512];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(in_child(live_without_ring, cases[i].call, cases[i].error,
					  said, sizeof(said)), 0);
		if (!strstr(said, "uses poll instead") || !strstr(said, cases[i].advice))
			fail_msg("case %zu said: %s", i, said);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

static void ring_that_breaks_later_is_an_error(void **state)
{
	char said[512];

	assert_int_equal(in_child(live_with_broken_ring, RING_SUBMIT, EPERM, said,
				  sizeof(said)), 0);
}

#define BOTH(f)									\
	{ #f " (ring)", f, setup_ring, teardown, NULL },			\
	{ #f " (poll)", f, setup_poll, teardown, NULL }
#define POLL_ONLY(f)	{ #f " (poll)", f, setup_poll, teardown, NULL }

#define CASES(X)								\
	X(timer_comes_when_it_is_due),						\
	X(watch_reports_once),							\
	X(watch_for_room_reports_at_once),					\
	X(end_of_the_peer_is_reported),						\
	X(closed_descriptor_is_an_error),					\
	X(what_was_forgotten_does_not_come),					\
	X(what_is_ready_can_be_forgotten),					\
	X(last_wish_of_a_kind_counts),						\
	X(descriptor_that_came_again_is_a_new_one),				\
	X(busy_kinds_leave_room_for_others),					\
	X(signal_does_not_end_the_wait)

int main(void)
{
	const struct CMUnitTest both[] = {
		CASES(BOTH),
		cmocka_unit_test(poll_takes_the_place_of_a_ring),
		cmocka_unit_test(ring_that_breaks_later_is_an_error),
	};
	const struct CMUnitTest without[] = { CASES(POLL_ONLY) };

	if (event_ring_new(&loop)) {
		printf("skipped: the cases on io_uring: it is not to be had here\n");
		return cmocka_run_group_tests(without, NULL, NULL);
	}
	event_loop_free(loop);
	return cmocka_run_group_tests(both, NULL, NULL);
}
