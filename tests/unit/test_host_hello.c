// SPDX-License-Identifier: GPL-2.0
/*
 * When the hello is published: not before the guest has run or while memory arrives, again when
 * the guest runs again, and a new one after a reset.
 */
/* rig: tests/unit/bar_rig.h tests/unit/precopy_rig.h */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host-agent/qemu-module/core/region_lock.h"
#include "tests/unit/precopy_rig.h"

static const char *why;

/* A file, and another QEMU's own descriptor of it. */
static int other_fd;

static int setup_with_file(void **state)
{
	char path[64];
	int fd = memfd_create("region", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other_fd = open(path, O_RDWR);
	setup_greeted(state);
	bar_detach();
	fake.shm_fd = fd;
	fake.state(NULL, true, 0);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	return fd < 0 || other_fd < 0;
}

static int teardown_with_file(void **state)
{
	int fd = fake.shm_fd;

	close(other_fd);
	teardown(state);
	bar_detach();
	return close(fd);
}

#define SHARED_TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_with_file, teardown_with_file)

static void another_guest_with_the_file_ends_all_hints(void **state)
{
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_int_equal(region_lock_take(other_fd), 0);
	/* also those of the round that is open */
	assert_int_equal(bar_read_guest_hello(&(struct freehint_guest_hello){ 0 }), -EBUSY);
	assert_non_null(strstr(reporting_refusal(), "another guest"));
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
}

static void neither_guest_answers_while_there_are_two(void **state)
{
	u64 instance = shm->host_hello.instance;

	assert_int_equal(region_lock_take(other_fd), 0);
	assert_false(host_hello_publish(&why));
	assert_non_null(strstr(why, "another guest"));
	assert_int_equal(shm->host_hello.magic, 0);
	fake_time_passes();
	assert_int_equal(shm->host_hello.magic, 0);
	assert_int_equal(fake.warnings, 1);
	/* the other has ended: its guest may have answered the old hello */
	close(other_fd);
	fake_time_passes();
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_true(shm->host_hello.instance != instance);
	assert_true(host_hello_publish(&why));
	other_fd = -1;
}

/* It came and went between two looks, or does not know of locks. */
static void a_hello_that_is_not_ours_is_replaced(void **state)
{
	u64 instance = shm->host_hello.instance;

	shm->host_hello.instance = instance + 2;
	assert_true(host_hello_publish(&why));
	assert_true(shm->host_hello.instance != instance);
	assert_true(bar_has_hello());
}

/* The source of a migration to the same host: its guest is stopped. */
static void a_guest_that_is_stopped_is_in_nobodys_way(void **state)
{
	u64 instance = shm->host_hello.instance;
	u8 theirs[2 * FREEHINT_LINE];

	assert_true(reporting_start(&why));
	begin_migration();
	fake.running = false;
	fake.state(NULL, false, 0);
	assert_false(region_lock_is_shared(other_fd));
	assert_int_equal(region_lock_take(other_fd), 0);
	shm->host_hello.instance += 2;
	shm->host_request.phase = FREEHINT_PHASE_READY;
	memcpy(theirs, shm, sizeof(theirs));
	assert_true(host_hello_publish(&why));
	fake_notify(QEMU_PRECOPY_CLEANUP);
	reporting_stop();
	fake_time_passes();
	assert_memory_equal(theirs, shm, sizeof(theirs));
	assert_false(fake.timer_set);
	/* and back: the guest has seen nothing of it, and is to say hello again */
	region_lock_drop(other_fd);
	fake.running = true;
	fake.state(NULL, true, 0);
	assert_true(region_lock_is_shared(other_fd));
	assert_true(bar_has_hello());
	assert_true(shm->host_hello.instance != instance);
}

/* QEMU loads a guest into the region, which does not run yet: there is no lock to see. */
static void a_region_that_is_taken_gets_no_hello_in_a_migration(void **state)
{
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	shm->host_hello.instance += 2;
	shm->host_request.round = FREEHINT_NO_ROUND;
	assert_int_equal(bar_read_guest_hello(&(struct freehint_guest_hello){ 0 }), -ENOENT);
	assert_false(host_hello_publish(&why));
	assert_non_null(strstr(why, "during this migration"));
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake_time_passes();
	assert_false(bar_has_hello());
	fake_notify(QEMU_PRECOPY_CLEANUP);
	fake_time_passes();
	assert_true(bar_has_hello());
}

/* It may still discard what an offer has named. */
static void the_other_hosts_guest_waits_for_its_answer(void **state)
{
	u64 instance = shm->host_hello.instance;

	bar_clear_hello();
	assert_int_equal(shm->host_hello.magic, 0);
	assert_int_equal(shm->host_hello.instance, instance);
}

/* AppArmor without k, for one. */
static void a_file_that_cannot_be_locked_is_used_all_the_same(void **state)
{
	int fd = fake.shm_fd;

	bar_detach();
	fake.shm_fd = open("/dev/null", O_RDWR | O_PATH);
	fake.state(NULL, true, 0);
	assert_true(host_hello_publish(&why));
	assert_int_equal(fake.warnings, 1);
	bar_detach();
	close(fake.shm_fd);
	fake.shm_fd = fd;
	assert_true(host_hello_publish(&why));
}

static void the_region_is_left_alone_until_the_guest_has_run(void **state)
{
	assert_false(host_hello_publish(&why));
	assert_int_equal(shm->host_hello.magic, 0);
}

static void a_reset_makes_the_old_hello_stale(void **state)
{
	u64 before = shm->host_hello.instance;

	assert_true(reporting_start(&why));
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
	/* a guest that was stopped meanwhile would take ours for answered */
	assert_true(shm->host_hello.instance != instance);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
}

/* QEMU 9.0 and later start a guest that arrives in S3 so, and do not say when it wakes up. */
static void start_asleep(void)
{
	fake.running = false;
	fake.state(NULL, false, 0);
	shm->host_hello.magic = 1;
	fake.state(NULL, true, 0);
}

static void a_guest_that_arrives_asleep_gets_its_hello_when_it_wakes_up(void **state)
{
	start_asleep();
	assert_true(region_lock_is_shared(other_fd));
	assert_false(host_hello_publish(&why));
	assert_non_null(strstr(why, "sleeps"));
	fake_time_passes();
	fake_time_passes();
	assert_int_equal(shm->host_hello.magic, 1);
	fake.running = true;
	fake_time_passes();
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_false(fake.timer_set);
}

static void a_guest_that_is_stopped_asleep_is_not_waited_for(void **state)
{
	start_asleep();
	assert_true(fake.timer_set);
	fake.state(NULL, false, 0);
	assert_false(region_lock_is_shared(other_fd));
	fake_time_passes();
	assert_false(fake.timer_set);
	assert_false(region_lock_is_shared(other_fd));
	assert_false(host_hello_publish(&why));
	assert_non_null(strstr(why, "stopped"));
}

static void a_guest_that_is_reset_asleep_is_stopped(void **state)
{
	struct gate_view view;

	start_asleep();
	gate_open(1, 0);
	fake.reset(NULL);
	gate_view(&view);
	assert_int_equal(view.state, GATE_CLOSED);
	fake_time_passes();
	assert_false(fake.timer_set);
	assert_false(region_lock_is_shared(other_fd));
	assert_false(host_hello_publish(&why));
	assert_non_null(strstr(why, "stopped"));
}

static void the_region_is_left_alone_during_an_incoming_postcopy(void **state)
{
	fake.incoming = true;
	shm->host_hello.magic = 1;
	fake.state(NULL, true, 0);
	assert_int_equal(shm->host_hello.magic, 1);
	assert_false(host_hello_publish(&why) && reporting_start(&why));
	assert_non_null(strstr(why, "incoming"));
	assert_int_equal(shm->host_hello.magic, 1);
	fake.incoming = false;
	assert_true(host_hello_publish(&why));
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
	assert_false(host_hello_publish(&why));
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

	assert_true(reporting_start(&why));
	replace_backend();
	fake_memory_added();
	assert_int_equal(shm->host_hello.magic, FREEHINT_MAGIC);
	assert_true(shm->host_hello.instance != before);
	assert_int_equal(fake.pins, 1);
	/* It was asked to report, and still is. */
	assert_true(reporting_is_on());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	assert_true(sync_once() != FREEHINT_NO_ROUND);
}

static void a_backend_that_is_gone_closes_the_round_and_is_let_go(void **state)
{
	assert_true(reporting_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake.backend = false;
	assert_false(host_hello_publish(&why));
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_int_equal(fake.pins, 0);
	assert_false(bar_is_attached());
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake.reset(NULL);
	assert_false(bar_is_attached());
}

/* QEMU's migration thread holds a lock that freeing memory takes. */
static void a_backend_that_is_gone_is_let_go_after_the_first_sync(void **state)
{
	assert_true(reporting_start(&why));
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake.backend = false;
	assert_false(host_hello_publish(&why));
	assert_int_equal(fake.pins, 1);
	assert_non_null(strstr(why, "after the first sync"));
	fake_time_passes();
	assert_int_equal(fake.pins, 1);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	fake_time_passes();
	assert_int_equal(fake.pins, 0);
	assert_false(bar_is_attached());
	fake_notify(QEMU_PRECOPY_SETUP);
	assert_false(fake.timer_set);
}

static void memory_that_is_added_before_the_guest_has_run_is_not_looked_at(void **state)
{
	fake_qemu_init();
	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	host_hello_init();
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
		GREETED_TEST(a_backend_that_is_gone_is_let_go_after_the_first_sync),
		SHARED_TEST(another_guest_with_the_file_ends_all_hints),
		SHARED_TEST(neither_guest_answers_while_there_are_two),
		SHARED_TEST(a_hello_that_is_not_ours_is_replaced),
		SHARED_TEST(a_guest_that_is_stopped_is_in_nobodys_way),
		SHARED_TEST(a_region_that_is_taken_gets_no_hello_in_a_migration),
		SHARED_TEST(a_guest_that_arrives_asleep_gets_its_hello_when_it_wakes_up),
		SHARED_TEST(a_guest_that_is_stopped_asleep_is_not_waited_for),
		SHARED_TEST(a_guest_that_is_reset_asleep_is_stopped),
		SHARED_TEST(the_other_hosts_guest_waits_for_its_answer),
		SHARED_TEST(a_file_that_cannot_be_locked_is_used_all_the_same),
)
