// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's version as its executable has it: found among other bytes, and nothing made up where
 * there is none.
 */
/* links: host-agent/qemu-module/entry/emulator_version.c */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/qemu-module/entry/emulator_version.h"
#include "tests/unit/unit.h"

#define WORDS	"QEMU emulator version "
#define FILL	(3 * 4096 - 7)

static int major, minor;

/* Looks into a file with @len bytes of @text behind many others. */
static int look(const char *text, size_t len, size_t fill)
{
	int fd = memfd_create("qemu", 0), ret;
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)fill), 0);
	assert_int_equal(pwrite(fd, text, len, (off_t)fill), len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	major = -1;
	minor = -1;
	ret = emulator_version(path, &major, &minor);
	close(fd);
	return ret;
}

#define LOOK(text)	look(text, sizeof(text) - 1, FILL)

static void the_version_is_found(void **state)
{
	assert_int_equal(LOOK("x\0" WORDS "11.0.2 (Debian 1:11.0.2+ds-1)\nCopyright"), 0);
	assert_int_equal(major, 11);
	assert_int_equal(minor, 0);
	/* At the very end, and at the very beginning. */
	assert_int_equal(look(WORDS "7.2", sizeof(WORDS "7.2") - 1, 4096 * 2 -
			      (sizeof(WORDS "7.2") - 1)), 0);
	assert_int_equal(minor, 2);
	assert_int_equal(look(WORDS "10.2.50\n", sizeof(WORDS "10.2.50\n") - 1, 0), 0);
	assert_int_equal(major, 10);
}

static void the_words_alone_are_passed_over(void **state)
{
	assert_int_equal(LOOK(WORDS "%s\0" WORDS "\0" WORDS "9\0" WORDS WORDS "8.1.5"), 0);
	assert_int_equal(major, 8);
	assert_int_equal(minor, 1);
}

static void nothing_is_made_up(void **state)
{
	assert_int_equal(LOOK("QEMU emulator versio"), -ENOENT);
	assert_int_equal(LOOK(WORDS), -ENOENT);
	assert_int_equal(LOOK(WORDS "11"), -ENOENT);
	assert_int_equal(LOOK(WORDS "11."), -ENOENT);
	assert_int_equal(LOOK(WORDS "11.x"), -ENOENT);
	assert_int_equal(LOOK(WORDS "99999.1"), -ENOENT);
	assert_int_equal(LOOK(WORDS "1.99999"), -ENOENT);
	assert_int_equal(look("", 0, 0), -ENOENT);
	assert_int_equal(major, -1);
	assert_int_equal(minor, -1);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	assert_int_equal(emulator_version("/nonexistent", &major, &minor), -ENOENT);
	assert_int_equal(emulator_version("/proc/self", &major, &minor), -ENOENT);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(the_version_is_found),
		cmocka_unit_test(the_words_alone_are_passed_over),
		cmocka_unit_test(nothing_is_made_up),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
)
