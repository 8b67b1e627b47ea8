// SPDX-License-Identifier: GPL-2.0
/*
 * A region whose file system has no room: nothing is touched that would end QEMU with
 * SIGBUS, the reason is told, and room that comes later is found.
 *
 * A page beyond the end of a file stands for a hole that cannot be filled: both are
 * SIGBUS at an access.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/round/host_hello.h"
#include "host-agent/qemu-module/round/precopy.h"
#include "host-agent/qemu-module/round/reporting.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/unit.h"

#define SHM_SIZE (64ULL << 10)

static int file;
static const char *why;

static int setup(void **state)
{
	fake_qemu_init();
	fake_add_block(0, 1ULL << 20);
	file = memfd_create("region", MFD_CLOEXEC);
	assert_true(file >= 0);
	fake.shm_size = SHM_SIZE;
	fake.shm = mmap(NULL, SHM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_true(fake.shm != MAP_FAILED);
	return bar_init("freehint");
}

static void publish_hello(void)
{
	struct freehint_publisher pub;

	assert_true(guest_voice_hello(&pub, fake.shm, SHM_SIZE, FREEHINT_CONTRACT_DEAD,
				      FREEHINT_REFUSAL_NONE));
}

/* One extension per process: one test with all its stages. */
static void room_is_asked_for_before_anything_is_touched(void **state)
{
	precopy_init(&(struct precopy_limits){ .first_wait_us = 0 });
	host_hello_init();
	fake.state(NULL, true, 0);
	assert_false(bar_is_attached());
	assert_false(host_hello_publish(&why) && reporting_start(&why));
	assert_non_null(strstr(why, "memdev 'freehint': the file system has no room for the shared memory; "));
	fake.reset(NULL);
	assert_non_null(strstr(reporting_refusal(), "no shared memory; add"));

	assert_int_equal(ftruncate(file, FREEHINT_HEADER_SIZE), 0);
	assert_true(host_hello_publish(&why));
	publish_hello();
	assert_false(reporting_start(&why));
	assert_non_null(strstr(why, "no room for the whole shared memory"));
	assert_false(reporting_is_on());
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(((struct freehint_shm *)fake.shm)->host_request.round, 0);
	fake_notify(QEMU_PRECOPY_CLEANUP);

	assert_int_equal(ftruncate(file, SHM_SIZE), 0);
	assert_true(reporting_start(&why));
	assert_true(reporting_is_on());
}

static void room_once_given_is_there(void **state)
{
	unsigned char present[SHM_SIZE / 4096];
	unsigned int i;

	assert_int_equal(mincore(fake.shm, SHM_SIZE, present), 0);
	for (i = 0; i < sizeof(present); i++)
		assert_int_equal(present[i] & 1, 1);
}

RUN_TESTS(setup, NULL,
		cmocka_unit_test(room_is_asked_for_before_anything_is_touched),
		cmocka_unit_test(room_once_given_is_there),
)
