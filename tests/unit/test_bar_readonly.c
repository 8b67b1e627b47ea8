// SPDX-License-Identifier: GPL-2.0
/*
 * A memory backend that QEMU may not write, readonly=on or rom=on: a store would end QEMU, so
 * it is refused with its reason, and a backend that comes instead is taken.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/core/bar.c host-agent/qemu-module/core/peer_wake.c */
/* links: tests/fakes/fake_qemu.c proto/host_request.c proto/host_snapshot.c */
/* links: proto/host_offer.c */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/qemu-module/core/bar.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/unit/unit.h"

#define SHM_SIZE (64ULL << 10)

static int file;
static const char *why;

static int setup(void **state)
{
	file = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, SHM_SIZE), 0);
	return bar_init("freehint");
}

static int new_qemu(void **state)
{
	fake_qemu_init();
	return 0;
}

static int teardown(void **state)
{
	if (bar_is_attached())
		bar_detach();
	return munmap(fake.shm, SHM_SIZE);
}

static void map(int protection, int flags)
{
	fake.shm_size = SHM_SIZE;
	fake.shm = mmap(NULL, SHM_SIZE, protection, flags, file, 0);
	assert_true(fake.shm != MAP_FAILED);
}

static void is_refused(void)
{
	assert_false(bar_attach(&why));
	assert_non_null(strstr(why, "read-only"));
	assert_non_null(strstr(why, "readonly=off"));
	assert_false(bar_is_attached());
	assert_int_equal(fake.pins, 0);
}

static void is_taken(void)
{
	assert_true(bar_attach(&why));
	bar_publish_hello();
	assert_true(bar_has_hello());
}

static void memory_that_cannot_be_written_is_refused(void **state)
{
	map(PROT_READ, MAP_SHARED);
	is_refused();
	is_refused();
	/* deleted, and added without readonly=on */
	munmap(fake.shm, SHM_SIZE);
	map(PROT_READ | PROT_WRITE, MAP_SHARED);
	is_taken();
}

/* share=off: the guest sees the hello, nobody else does, and nothing breaks. */
static void private_memory_can_be_written(void **state)
{
	map(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	is_taken();
}

static void private_memory_that_cannot_be_written_is_refused(void **state)
{
	map(PROT_READ, MAP_PRIVATE);
	is_refused();
}

/* It forbids new mappings, and QEMU has one already. The last test: nothing can be mapped then. */
static void a_seal_that_comes_later_changes_nothing(void **state)
{
	map(PROT_READ | PROT_WRITE, MAP_SHARED);
	assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	is_taken();
	assert_ptr_equal(mmap(NULL, SHM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
			 MAP_FAILED);
}

#define READONLY_TEST(name) cmocka_unit_test_setup_teardown(name, new_qemu, teardown)

RUN_TESTS(setup, NULL,
		READONLY_TEST(memory_that_cannot_be_written_is_refused),
		READONLY_TEST(private_memory_can_be_written),
		READONLY_TEST(private_memory_that_cannot_be_written_is_refused),
		READONLY_TEST(a_seal_that_comes_later_changes_nothing),
)
