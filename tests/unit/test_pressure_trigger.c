// SPDX-License-Identifier: GPL-2.0
/*
 * The trigger on memory pressure: what is not a file of the kernel's is left as it is, every
 * error says what to do, and where the kernel has PSI both kinds of wait take the descriptor.
 */
/* links: host-agent/common/pressure_trigger.c */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "host-agent/common/pressure_trigger.h"
#include "tests/unit/unit.h"

static void other_files_are_not_written(void **state)
{
	static const char *const names[] = { "memory", "memory.pressure", "text" };
	char dir[] = "/tmp/freehint-pressure-XXXXXX", path[64], text[8] = "";
	size_t i;
	int fd;

	assert_non_null(mkdtemp(dir));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		assert_int_equal(write(fd, "kept", 4), 4);
		assert_int_equal(pressure_trigger_open(path), -EMEDIUMTYPE);
		assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), 4);
		assert_string_equal(text, "kept");
		close(fd);
		unlink(path);
	}
	rmdir(dir);
}

/* As root this would set a name that the kernel keeps. */
static void other_files_of_the_kernel_are_not_written(void **state)
{
	assert_int_equal(pressure_trigger_open("/proc/self/comm"), -EMEDIUMTYPE);
}

static void every_error_says_what_to_do(void **state)
{
	static const int errors[] = {
		EPERM, EINVAL, EACCES, EROFS, EOPNOTSUPP, ENOENT, EMEDIUMTYPE,
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(*pressure_trigger_advice(-errors[i]), ',');
	assert_string_equal(pressure_trigger_advice(-ENOMEM), "");
	assert_int_equal(pressure_trigger_open("/nonexistent/memory.pressure"), -ENOENT);
}

/* The host's file is where it is: what is missing then is the kernel's, not a mistake. */
static void a_mistake_is_told_from_what_is_missing(void **state)
{
	static const int wrong[] = { ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, EMEDIUMTYPE };
	static const int missing[] = { EPERM, EINVAL, EACCES, EROFS, EOPNOTSUPP, ENOMEM };
	const char *path = "/run/machine.slice/memory.pressure";
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(pressure_trigger_is_mistake(path, -wrong[i]));
		assert_false(pressure_trigger_is_mistake(PRESSURE_TRIGGER_HOST, -wrong[i]));
	}
	for (i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		assert_false(pressure_trigger_is_mistake(path, -missing[i]));
}

/* It comes and goes with what runs in it. But a path to something else was never right. */
static void a_control_group_may_be_missing(void **state)
{
	const char *path = "/sys/fs/cgroup/machine.slice/memory.pressure";

	assert_false(pressure_trigger_is_mistake(path, -ENOENT));
	assert_true(pressure_trigger_is_mistake(path, -EISDIR));
	assert_true(pressure_trigger_is_mistake(path, -EMEDIUMTYPE));
	assert_true(pressure_trigger_is_mistake("/sys/fs/cgroups/memory.pressure", -ENOENT));
	assert_non_null(strstr(pressure_trigger_advice(-ENOENT), "in single quotes"));
}

static void a_kernel_with_psi_gives_a_descriptor(void **state)
{
	struct pollfd pfd = { .events = POLLPRI };

	pfd.fd = pressure_trigger_open(PRESSURE_TRIGGER_HOST);
	if (pfd.fd < 0) {
		printf("skipped: no trigger here: %s\n", strerror(-pfd.fd));
		skip();
	}
	assert_true(poll(&pfd, 1, 0) >= 0);
	assert_false(pfd.revents & ~POLLPRI);
	close(pfd.fd);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(other_files_are_not_written),
		cmocka_unit_test(other_files_of_the_kernel_are_not_written),
		cmocka_unit_test(every_error_says_what_to_do),
		cmocka_unit_test(a_mistake_is_told_from_what_is_missing),
		cmocka_unit_test(a_control_group_may_be_missing),
		cmocka_unit_test(a_kernel_with_psi_gives_a_descriptor),
)
