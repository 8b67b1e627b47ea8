// SPDX-License-Identifier: GPL-2.0
/*
 * The ivshmem device and its backend are removed and added again while QEMU runs, with the same
 * path: the agent leaves the old file and maps the new one. A new instance alone is no new file.
 */
/* rig: tests/fakes/session_rig.c */
#include <fcntl.h>
#include <unistd.h>

#include "tests/fakes/guest_voice.h"
#include "tests/fakes/session_rig.h"
#include "tests/unit/unit.h"

static struct region second;

static int teardown(void **state)
{
	if (second.base)
		region_drop(&second);
	second.base = NULL;
	return session_rig_teardown(state);
}

/* object-del removes no file; whoever adds the next backend has made a new one of @size bytes. */
static void replace_file(u64 size)
{
	char path[] = "/dev/shm/freehint-second-XXXXXX";

	second = region_make_file(path, size);
	assert_int_equal(freehint_write_host_hello(second.shm, size, SESSION_RIG_INSTANCE + 2), 0);
	assert_int_equal(rename(path, session_rig.path), 0);
	session_rig.server.instance = SESSION_RIG_INSTANCE + 2;
	session_rig.server.size = size;
}

static void expect_hints_of_the_new_file(u64 size)
{
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
	assert_int_equal(session_rig.session.region.size, size);
	assert_int_equal(freehint_publisher_attach(&session_rig.guest, second.shm, size), 0);
	guest_voice_round(&session_rig.guest, second.shm, 7, ~0ULL, 1);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
	assert_int_equal(session_rig.server.round, 7);
}

static void larger_file_is_mapped(void **state)
{
	session_rig_attach();
	replace_file(2 * SESSION_RIG_SIZE);
	session_rig_query();
	expect_hints_of_the_new_file(2 * SESSION_RIG_SIZE);
}

static void file_of_the_same_size_is_mapped(void **state)
{
	session_rig_attach();
	replace_file(SESSION_RIG_SIZE);
	session_rig_query();
	expect_hints_of_the_new_file(SESSION_RIG_SIZE);
}

static void device_that_is_away_is_waited_for(void **state)
{
	session_rig_attach();
	session_rig.server.size = 0;
	session_rig_query();
	assert_null(session_rig.session.region.base);
	assert_false(session_rig.loop.timer[EVENT_POLL]);
	assert_int_equal(session_rig.session.note, NOTE_NOT_STARTED);
	replace_file(SESSION_RIG_SIZE);
	session_rig_query();
	expect_hints_of_the_new_file(SESSION_RIG_SIZE);
}

/* QEMU is asked to wake the agent by the new file's request line, too. */
static void extension_gets_the_socket_again(void **state)
{
	session_rig.server.can_wake = true;
	session_rig_attach();
	assert_true(session_rig.session.wake.agreed);
	replace_file(SESSION_RIG_SIZE);
	session_rig.server.can_wake = false;
	session_rig_query();
	assert_false(session_rig.session.wake.agreed);
}

/* The hello follows when the guest runs. Until then nothing is wrong, and nothing is logged. */
static void new_instance_before_its_hello_is_borne(void **state)
{
	const void *base;

	session_rig_attach();
	base = session_rig.session.region.base;
	session_rig.server.instance = SESSION_RIG_INSTANCE + 2;
	session_rig_query();
	session_rig_query();
	assert_ptr_equal(session_rig.session.region.base, base);
	assert_int_equal(session_rig.session.note, NOTE_ATTACHED);
	assert_int_equal(freehint_write_host_hello(session_rig.shm, SESSION_RIG_SIZE,
						   SESSION_RIG_INSTANCE + 2), 0);
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
}

/* Somebody has removed the name. QEMU has the file all the same. */
static void file_without_a_name_is_kept(void **state)
{
	session_rig_attach();
	replace_file(SESSION_RIG_SIZE);
	session_rig.server.instance = SESSION_RIG_INSTANCE;
	session_rig_query();
	assert_non_null(session_rig.session.region.base);
	session_rig_publish(7);
	fire(EVENT_POLL);
	talk();
	assert_int_equal(session_rig.server.lasts, 1);
}

/* The same, and the guest was reset while it was stopped. */
static void file_without_a_name_and_a_new_instance_is_kept(void **state)
{
	session_rig_attach();
	assert_int_equal(unlink(session_rig.path), 0);
	session_rig.server.instance = SESSION_RIG_INSTANCE + 2;
	session_rig_query();
	assert_non_null(session_rig.session.region.base);
	/* which the rig removes */
	close(open(session_rig.path, O_CREAT | O_WRONLY, 0600));
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, session_rig_setup, teardown)

RUN_TESTS(NULL, NULL,
		RIG_TEST(larger_file_is_mapped),
		RIG_TEST(file_of_the_same_size_is_mapped),
		RIG_TEST(device_that_is_away_is_waited_for),
		RIG_TEST(extension_gets_the_socket_again),
		RIG_TEST(new_instance_before_its_hello_is_borne),
		RIG_TEST(file_without_a_name_is_kept),
		RIG_TEST(file_without_a_name_and_a_new_instance_is_kept),
)
