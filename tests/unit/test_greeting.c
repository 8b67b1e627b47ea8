// SPDX-License-Identifier: GPL-2.0
/*
 * When the hello is published: not before the guest has run or while memory arrives, again when
 * the guest runs again, and a new one after a reset.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#include "tests/unit/precopy_rig.h"

static const char *why;

static void the_region_is_left_alone_until_the_guest_has_run(void **state)
{
	assert_false(greeting_publish(&why));
	assert_int_equal(shm->host_hello.magic, 0);
}

static void a_reset_makes_the_old_hello_stale(void **state)
{
	u64 before = shm->host_hello.instance;

	assert_true(precopy_start(&why));
	fake.reset(NULL);
	assert_true(shm->host_hello.instance != before);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

static void what_was_loaded_into_the_region_is_overwritten_when_the_guest_runs(void **state)
{
	u64 instance = shm->host_hello.instance;

	/* as a snapshot or another host left it */
	memset(shm, 0x5a, 2 * FREEHINT_LINE);
	fake.state(NULL, true, 0);
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_int_equal(shm->host_hello.instance, instance);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
}

static void the_region_is_left_alone_during_an_incoming_postcopy(void **state)
{
	fake.incoming = true;
	shm->host_hello.magic = 1;
	fake.state(NULL, true, 0);
	assert_int_equal(shm->host_hello.magic, 1);
	assert_false(greeting_publish(&why) && precopy_start(&why));
	assert_non_null(strstr(why, "incoming"));
	assert_int_equal(shm->host_hello.magic, 1);
	fake.incoming = false;
	assert_true(greeting_publish(&why) && precopy_start(&why));
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
}

static void the_hello_is_made_up_for_when_an_incoming_postcopy_is_over(void **state)
{
	fake.incoming = true;
	shm->host_hello.magic = 1;
	fake.state(NULL, true, 0);
	fake_time_passes();
	fake_time_passes();
	assert_int_equal(shm->host_hello.magic, 1);
	fake.incoming = false;
	fake_time_passes();
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_false(fake.timer_set);
}

/* As object_del and object_add do it, with a file that may have been used before. */
static void replace_backend(void)
{
	memset(shm, 0, 4096);
	fake.generation = !fake.generation;
}

static void a_backend_that_is_added_later_gets_its_hello_at_once(void **state)
{
	fake.backend = false;
	assert_false(greeting_publish(&why));
	assert_non_null(strstr(why, "no memory backend"));
	assert_int_equal(fake.pins, 0);
	memset(shm, 0, 4096);
	fake.memory->added(fake.memory, NULL, 0, 0);
	assert_int_equal(shm->host_hello.magic, 0);
	fake.bottom_half(NULL);
	fake.bottom_half = NULL;
	assert_int_equal(shm->host_hello.magic, 0);
	fake.backend = true;
	fake_memory_added();
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_int_equal(fake.pins, 1);
}

static void another_backend_with_the_same_id_takes_the_place_of_one_that_is_gone(void **state)
{
	u64 before = shm->host_hello.instance;

	assert_true(precopy_start(&why));
	replace_backend();
	fake_memory_added();
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_true(shm->host_hello.instance != before);
	assert_int_equal(fake.pins, 1);
	/* It was asked to report, and still is. */
	assert_true(precopy_enabled());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

static void a_backend_that_is_gone_closes_the_round_and_is_let_go(void **state)
{
	assert_true(precopy_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake.backend = false;
	assert_false(greeting_publish(&why));
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_int_equal(fake.pins, 0);
	assert_false(bar_is_attached());
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake.reset(NULL);
	assert_false(bar_is_attached());
}

static void memory_that_is_added_before_the_guest_has_run_is_not_looked_at(void **state)
{
	fake_qemu_init();
	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	greeting_init();
	fake_memory_added();
	assert_int_equal(shm->host_hello.magic, 0);
	assert_false(fake.timer_set);
}

RUN_TESTS(init, finish,
		cmocka_unit_test(the_region_is_left_alone_until_the_guest_has_run),
		cmocka_unit_test(memory_that_is_added_before_the_guest_has_run_is_not_looked_at),
		GREETED_TEST(a_reset_makes_the_old_hello_stale),
		GREETED_TEST(what_was_loaded_into_the_region_is_overwritten_when_the_guest_runs),
		GREETED_TEST(the_region_is_left_alone_during_an_incoming_postcopy),
		GREETED_TEST(the_hello_is_made_up_for_when_an_incoming_postcopy_is_over),
		GREETED_TEST(a_backend_that_is_added_later_gets_its_hello_at_once),
		GREETED_TEST(another_backend_with_the_same_id_takes_the_place_of_one_that_is_gone),
		GREETED_TEST(a_backend_that_is_gone_closes_the_round_and_is_let_go),
)
