// SPDX-License-Identifier: GPL-2.0
/*
 * The mapped file: what is refused, that it is read-only, that its truncation is
 * survived.
 */
/* links: host-agent/common/shm_region.c host-agent/common/log.c */
/* links: host-agent/common/printable.c */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-agent/common/log.h"
#include "host-agent/common/shm_region.h"
#include "tests/unit/unit.h"

#define SIZE 65536

static char path[64];

static int make_file(void **state)
{
	int fd;

	log_init(LOG_LEVEL_ERROR);
	snprintf(path, sizeof(path), "/dev/shm/freehint-unit-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, SIZE) || pwrite(fd, "freehint", 8, 0) != 8)
		return -1;
	return close(fd);
}

static int remove_file(void **state)
{
	return unlink(path);
}

static void maps_what_qemu_wrote(void **state)
{
	struct shm_region region = { 0 };

	assert_int_equal(shm_region_map(&region, path, SIZE), 0);
	assert_int_equal(region.size, SIZE);
	assert_memory_equal(region.base, "freehint", 8);
	shm_region_unmap(&region);
	assert_null(region.base);
	shm_region_unmap(&region);
	assert_int_equal(shm_region_map(&region, path, 0), 0);
	assert_int_equal(region.size, SIZE);
	shm_region_unmap(&region);
}

static void refuses_sizes_that_no_region_has(void **state)
{
	struct shm_region region = { 0 };

	assert_int_equal(shm_region_map(&region, path, 4096), -EINVAL);
	assert_int_equal(shm_region_map(&region, path, SIZE - 4096), -EINVAL);
	assert_int_equal(shm_region_map(&region, path, 2 * SIZE), -ENODATA);
	assert_int_equal(shm_region_map(&region, path, 1ULL << 40), -EFBIG);
	assert_null(region.base);
}

static void refuses_what_is_not_a_file(void **state)
{
	struct shm_region region = { 0 };

	assert_int_equal(shm_region_map(&region, "/dev/shm/freehint-none", 0), -ENOENT);
	assert_int_equal(shm_region_map(&region, "/dev/shm", 0), -ENODEV);
	assert_int_equal(shm_region_map(&region, "/dev/null", 0), -ENODEV);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(shm_region_map(&region, path, 0), -ENODEV);
}

static void survives_truncation(void **state)
{
	const volatile char *bytes;
	struct shm_region region = { 0 };

	assert_int_equal(shm_region_guard(), 0);
	assert_int_equal(shm_region_map(&region, path, SIZE), 0);
	bytes = region.base;
	assert_int_equal(bytes[0], 'f');
	assert_false(shm_region_lost(&region));
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(bytes[SIZE - 1], 0);
	assert_true(shm_region_lost(&region));
	shm_region_unmap(&region);
	assert_false(shm_region_lost(&region));
	assert_int_equal(truncate(path, SIZE), 0);
	assert_int_equal(shm_region_map(&region, path, SIZE), 0);
	assert_false(shm_region_lost(&region));
	shm_region_unmap(&region);
}

/* In a child: the write is the end of it. */
static void cannot_be_written(void **state)
{
	struct shm_region region = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		/* cmocka's and the sanitizer's handlers are not wanted here. */
		signal(SIGSEGV, SIG_DFL);
		if (shm_region_map(&region, path, SIZE))
			_exit(0);
		*(volatile char *)region.base = 1;
		_exit(0);
	}
	status = child_status(pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_file, remove_file)

RUN_TESTS(NULL, NULL,
		FILE_TEST(maps_what_qemu_wrote),
		FILE_TEST(refuses_sizes_that_no_region_has),
		FILE_TEST(refuses_what_is_not_a_file),
		FILE_TEST(survives_truncation),
		FILE_TEST(cannot_be_written),
)
