// SPDX-License-Identifier: GPL-2.0
/*
 * Reporting that begins and ends with a migration: nobody gives x-freehint-start, the
 * first round opens all the same, and what a human started stays on.
 */
/* links: host-agent/qemu-module/audit/witness.c host-agent/qemu-module/audit/write_watch.c */
/* links: host-agent/qemu-module/round/greeting.c host-agent/qemu-module/postcopy/skipped.c */
/* links: host-agent/qemu-module/postcopy/switchover.c */
/* links: host-agent/qemu-module/postcopy/zero_thread.c */
/* links: host-agent/qemu-module/map/hint_map.c */
/* links: host-agent/qemu-module/round/precopy.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/core/bar.c host-agent/qemu-module/gate/round_gate.c */
/* links: tests/fakes/fake_qemu.c proto/host_request.c proto/host_snapshot.c */
/* links: proto/guest_publish.c host-agent/qemu-module/round/refusal.c */
#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/round/precopy.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/precopy_rig.h"

static const char *why;

static const struct precopy_limits autostart = { .start = precopy_start };

static int setup(void **state)
{
	begin(&autostart);
	return 0;
}

static void publish_guest_hello(void)
{
	assert_true(guest_voice_hello(&pub, shm, SHM_SIZE, FREEHINT_CONTRACT_DEAD,
				      FREEHINT_REFUSAL_NONE));
}

static void a_migration_starts_reporting_and_ends_it(void **state)
{
	publish_guest_hello();
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_OFF);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	assert_true(precopy_enabled());
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_false(precopy_enabled());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_OFF);
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
}

static void what_a_human_started_stays_on(void **state)
{
	publish_guest_hello();
	assert_true(precopy_start(&why));
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_CLEANUP);
	assert_true(precopy_enabled());
	assert_int_equal(shm->host_request.phase, FREEHINT_PHASE_READY);
}

static void what_a_human_stopped_stays_off(void **state)
{
	publish_guest_hello();
	assert_true(begin_migration() != FREEHINT_NO_ROUND);
	precopy_stop();
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	assert_false(precopy_enabled());
}

/* No module, no hello: an ordinary migration. */
static void a_guest_without_a_module_is_left_alone(void **state)
{
	fake.reset(NULL);
	assert_int_equal(begin_migration(), FREEHINT_NO_ROUND);
	assert_false(precopy_enabled());
	assert_int_equal(fake.arms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_migration_starts_reporting_and_ends_it),
		TEST(what_a_human_started_stays_on),
		TEST(what_a_human_stopped_stays_off),
		TEST(a_guest_without_a_module_is_left_alone),
	};

	return cmocka_run_group_tests(tests, init, finish);
}
