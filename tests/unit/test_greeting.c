// SPDX-License-Identifier: GPL-2.0
/*
 * When the hello is said: not before the guest has run or while memory arrives, again when
 * the guest runs again, and a new one after a reset.
 */
/* links: host-agent/qemu-module/witness.c host-agent/qemu-module/write_watch.c */
/* links: host-agent/qemu-module/greeting.c host-agent/qemu-module/skipped.c */
/* links: host-agent/qemu-module/switchover.c host-agent/qemu-module/zero_thread.c */
/* links: host-agent/qemu-module/hint_map.c */
/* links: host-agent/qemu-module/precopy.c host-agent/qemu-module/arm.c */
/* links: host-agent/qemu-module/bar.c host-agent/qemu-module/round_gate.c */
/* links: tests/fakes/fake_qemu.c proto/host_request.c proto/host_snapshot.c */
/* links: proto/guest_publish.c host-agent/qemu-module/refusal.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/precopy_rig.h"

static const char *why;

static void the_region_is_left_alone_until_the_guest_has_run(void **state)
{
	(void)state;
	assert_false(greeting_say(&why));
	assert_int_equal(shm->host_hello.magic, 0);
}

static void a_reset_makes_the_old_hello_stale(void **state)
{
	u64 before = shm->host_hello.instance;

	(void)state;
	assert_true(precopy_start(&why));
	fake.reset(NULL);
	assert_true(shm->host_hello.instance != before);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	say_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

static void what_was_loaded_into_the_region_is_overwritten_when_the_guest_runs(void **state)
{
	u64 instance = shm->host_hello.instance;

	(void)state;
	/* as a snapshot or another host left it */
	memset(shm, 0x5a, 2 * FREEHINT_LINE);
	fake.state(NULL, true, 0);
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_int_equal(shm->host_hello.instance, instance);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
}

static void the_region_is_left_alone_during_an_incoming_postcopy(void **state)
{
	(void)state;
	fake.incoming = true;
	shm->host_hello.magic = 1;
	fake.state(NULL, true, 0);
	assert_int_equal(shm->host_hello.magic, 1);
	assert_false(precopy_start(&why));
	assert_non_null(strstr(why, "incoming"));
	assert_int_equal(shm->host_hello.magic, 1);
	fake.incoming = false;
	assert_true(precopy_start(&why));
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_greeted, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_region_is_left_alone_until_the_guest_has_run),
		TEST(a_reset_makes_the_old_hello_stale),
		TEST(what_was_loaded_into_the_region_is_overwritten_when_the_guest_runs),
		TEST(the_region_is_left_alone_during_an_incoming_postcopy),
	};

	return cmocka_run_group_tests(tests, init, finish);
}
