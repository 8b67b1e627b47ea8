// SPDX-License-Identifier: GPL-2.0
/*
 * How long the tool waits for a QEMU that serves somebody else, or nobody any more: 30 s, and not
 * after its user has said that it should end.
 */
/* links: host-agent/cli/qmp/qmp_call.c host-agent/common/qmp_stream.c */
/* links: host-agent/cli/qmp/printable_json.c host-agent/common/printable.c */
/* links: host-agent/common/read_json.c */
/* libs: jansson */
/* flags: -pthread */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-agent/cli/qmp/qmp_call.h"
#include "host-agent/common/clock.h"
#include "tests/unit/unit.h"

/* So long the user presses Ctrl-C, each 50 ms: less long than the tool waits by itself. */
#define PRESS_US	15000000ULL

#define CLIENTS		2

static struct sockaddr_un address;
static int listener;
static int queued[CLIENTS];

/* What waits in connect() for 30 s waits for a moment. */
static bool hurried;

static pthread_t caller;
static volatile bool wanted, over, in_vain;

/* Instead of the C library's. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	const struct timeval moment = { .tv_usec = 50000 };

	if (name == SO_SNDTIMEO && hurried) {
		assert_int_equal(((const struct timeval *)value)->tv_sec, 30);
		value = &moment;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

/* A listener that accepts nobody, and greets nobody. */
static int setup(void **state)
{
	size_t i;

	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/freehint-wait-%d", getpid());
	unlink(address.sun_path);
	hurried = wanted = over = in_vain = false;
	for (i = 0; i < CLIENTS; i++)
		queued[i] = -1;
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	       listen(listener, CLIENTS - 1);
}

static int teardown(void **state)
{
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		if (queued[i] >= 0)
			close(queued[i]);
	close(listener);
	return unlink(address.sun_path);
}

/* QEMU takes as many clients, and lets others wait. */
static void fill_the_queue(void)
{
	size_t i;

	for (i = 0; i < CLIENTS; i++) {
		queued[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(queued[i], (struct sockaddr *)&address,
					 sizeof(address)), 0);
	}
}

static bool is_wanted(void)
{
	return wanted;
}

static void on_signal(int signal)
{
}

/* After the last one nobody can connect, so that every wait has an end. */
static void *want_the_end(void *opaque)
{
	u64 until = clock_us() + PRESS_US;

	while (!over && clock_us() < until) {
		usleep(50000);
		wanted = true;
		pthread_kill(caller, SIGUSR1);
	}
	in_vain = !over;
	if (in_vain)
		shutdown(listener, SHUT_RDWR);
	return NULL;
}

static void does_not_answer(qmp_call_give_up *give_up)
{
	struct qmp_call call;

	assert_int_equal(qmp_call_open_unless(&call, address.sun_path, give_up), -ETIMEDOUT);
	assert_non_null(strstr(call.error, "QEMU does not answer at /"));
	assert_non_null(strstr(call.error, "another client"));
	qmp_call_close(&call);
}

static void the_user_ends_the_wait(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	caller = pthread_self();
	assert_int_equal(pthread_create(&thread, NULL, want_the_end, NULL), 0);
	does_not_answer(is_wanted);
	over = true;
	pthread_join(thread, NULL);
	assert_false(in_vain);
}

static void a_full_queue_does_not_hold_us_for_ever(void **state)
{
	fill_the_queue();
	hurried = true;
	does_not_answer(NULL);
}

static void the_user_ends_the_wait_in_a_full_queue(void **state)
{
	fill_the_queue();
	the_user_ends_the_wait();
}

static void the_user_ends_the_wait_for_a_greeting(void **state)
{
	the_user_ends_the_wait();
}

/* As when a connection was lost meanwhile: there is no other signal that could end this wait. */
static void a_user_who_wants_the_end_does_not_queue(void **state)
{
	fill_the_queue();
	wanted = true;
	does_not_answer(is_wanted);
}

RUN_TESTS(NULL, NULL,
		TEST(a_full_queue_does_not_hold_us_for_ever),
		TEST(the_user_ends_the_wait_in_a_full_queue),
		TEST(the_user_ends_the_wait_for_a_greeting),
		TEST(a_user_who_wants_the_end_does_not_queue),
)
