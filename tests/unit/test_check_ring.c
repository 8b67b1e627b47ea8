// SPDX-License-Identifier: GPL-2.0
/*
 * doctor on io_uring: what it says under each setting, to root, who has a ring where
 * the agent has none. Nothing of it is wrong.
 */
/* links: host-agent/cli/doctor/check_ring.c */
/* libs: liburing */
/* flags: -Wl,--wrap=fopen,--wrap=io_uring_queue_init,--wrap=io_uring_queue_exit */
#include <errno.h>
#include <liburing.h>

#include "host-agent/cli/doctor/check_ring.h"
#include "host-agent/cli/terminal/findings.h"
#include "tests/unit/unit.h"

FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_io_uring_queue_init(unsigned int entries, struct io_uring *ring,
			       unsigned int flags);
void __wrap_io_uring_queue_exit(struct io_uring *ring);

/* This machine: NULL where it has no such sysctl. */
static const char *disabled, *group;
static int ring_error;

static char said[512];
static bool fine;

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const char *text = strstr(path, "io_uring_group") ? group : disabled;

	assert_string_equal(mode, "r");
	assert_memory_equal(path, "/proc/sys/kernel/io_uring_", 26);
	return text ? fmemopen((void *)text, strlen(text), "r") : NULL;
}

int __wrap_io_uring_queue_init(unsigned int entries, struct io_uring *ring,
			       unsigned int flags)
{
	return ring_error;
}

void __wrap_io_uring_queue_exit(struct io_uring *ring)
{
	assert_int_equal(ring_error, 0);
}

void finding_ok(const char *fmt, ...)
{
	snprintf(said, sizeof(said), "%s", fmt);
	fine = true;
}

void finding_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	fine = false;
}

void finding_wrong(const char *fmt, ...)
{
	fail_msg("wrong: %s", fmt);
}

static void expect(const char *off, const char *who, int error, const char *text)
{
	disabled = off;
	group = who;
	ring_error = error;
	check_ring();
	if (!strstr(said, text) || fine == !!strstr(said, "polls"))
		fail_msg("said: %s", said);
}

static void every_setting_has_its_words(void **state)
{
	expect(NULL, NULL, 0, "can use io_uring");
	expect("0\n", "-1\n", 0, "can use io_uring");
	/* Root, and a ring that is not the agent's. */
	expect("1\n", "-1\n", 0, "kernel.io_uring_disabled=1");
	expect("1\n", "-1\n", -EPERM, "kernel.io_uring_disabled=1");
	expect("1\n", "107\n", 0, "unless its user is in group 107");
	expect("2\n", "107\n", -EPERM, "kernel.io_uring_disabled=2");
	expect("0\n", "-1\n", -EPERM, "Operation not permitted");
	expect(NULL, NULL, -ENOSYS, "Function not implemented");
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(every_setting_has_its_words),
)
