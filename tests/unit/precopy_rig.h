/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of precopy.c have in common: one extension, and the syncs of a migration.
 */
/* links: host-agent/qemu-module/audit/dirty_audit.c host-agent/qemu-module/audit/write_watch.c */
/* links: host-agent/qemu-module/core/dirty_log.c host-agent/qemu-module/core/first_sync.c */
/* links: host-agent/qemu-module/postcopy/skipped.c */
/* links: host-agent/qemu-module/core/migration_thread.c */
/* links: host-agent/qemu-module/core/ram_dirty_bitmap.c */
/* links: host-agent/qemu-module/postcopy/switchover.c */
/* links: host-agent/qemu-module/postcopy/switch_runs.c */
/* links: host-agent/qemu-module/postcopy/zero_thread.c */
/* links: host-agent/qemu-module/core/own_thread.c */
/* links: host-agent/qemu-module/map/page_map.c host-agent/qemu-module/core/arm.c */
/* links: host-agent/qemu-module/round/host_hello.c host-agent/qemu-module/round/precopy.c */
/* links: host-agent/qemu-module/give-back/give_back_session.c */
/* links: host-agent/qemu-module/give-back/obstacle.c */
/* links: host-agent/qemu-module/give-back/offer.c */
/* links: host-agent/qemu-module/give-back/discard_slices.c */
/* links: host-agent/qemu-module/give-back/discardable.c */
/* links: host-agent/qemu-module/give-back/migration_check.c */
/* links: host-agent/qemu-module/core/guest_refusal.c */
/* links: host-agent/qemu-module/core/bar_bitmap.c */
/* links: host-agent/qemu-module/core/migration_info.c */
/* links: host-agent/qemu-module/round/pass.c host-agent/qemu-module/round/reporting.c */
/* links: host-agent/qemu-module/round/refusal.c host-agent/qemu-module/round/round_pays.c */
/* links: host-agent/qemu-module/round/stop_threshold.c */
/* links: host-agent/qemu-module/round/stop_hold.c host-agent/qemu-module/round/bql_drop.c */
/* links: host-agent/qemu-module/round/wait_for_hints.c */
/* links: host-agent/qemu-module/round/autostart.c host-agent/qemu-module/round/hint_share.c */
#ifndef FREEHINT_TEST_PRECOPY_RIG_H
#define FREEHINT_TEST_PRECOPY_RIG_H

#include "host-agent/qemu-module/give-back/give_back_session.h"
#include "host-agent/qemu-module/round/host_hello.h"
#include "host-agent/qemu-module/round/pass.h"
#include "host-agent/qemu-module/round/precopy.h"
#include "host-agent/qemu-module/round/reporting.h"
#include "tests/fakes/silent_guest.h"
#include "tests/unit/bar_rig.h"

static const struct give_back_params give_back_off;

/* One extension per process: each test starts from "off" and ends there. */
static void begin(const struct precopy_limits *limits)
{
	fake_qemu_init();
	fake_add_block(0, 1ULL << 20);
	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	precopy_init(limits);
	give_back_init(&give_back_off);
	host_hello_init();
	fake.state(NULL, true, 0);
}

static int teardown(void **state)
{
	fake_notify(QEMU_PRECOPY_CLEANUP);
	reporting_stop();
	return 0;
}

/* A guest that has published its hello, and no first wait. */
static inline int setup_greeted(void **state)
{
	static const struct precopy_limits no_wait;

	begin(&no_wait);
	publish_hello(FREEHINT_CONTRACT_DEAD);
	return 0;
}

#define GREETED_TEST(name) cmocka_unit_test_setup_teardown(name, setup_greeted, teardown)

/* The next sync, right after the last. */
static inline u64 sync_at_once(void)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	return shm->host_request.round;
}

#define LONG_PASS_US	(3600ULL * 1000000)

/* The next sync, after a pass in which enough was sent. */
static inline u64 sync_once(void)
{
	fake.sent++;
	fake.clock_us += LONG_PASS_US;
	return sync_at_once();
}

/* The first sync and the end of QEMU's setup. */
static inline u64 begin_migration(void)
{
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_SETUP);
	return shm->host_request.round;
}

#endif /* FREEHINT_TEST_PRECOPY_RIG_H */
