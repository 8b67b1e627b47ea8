/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of precopy.c have in common: a region, and one extension in it.
 */
#ifndef FREEHINT_TEST_PRECOPY_RIG_H
#define FREEHINT_TEST_PRECOPY_RIG_H

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/round/greeting.h"
#include "host-agent/qemu-module/round/precopy.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "proto/guest_publish.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/unit.h"

#define SHM_SIZE (64ULL << 10)

static struct freehint_shm *shm;
static struct freehint_publisher pub;

static int init(void **state)
{
	shm = fake_region_new(SHM_SIZE);
	if (!shm)
		return -1;
	fake_qemu_init();
	return bar_init("freehint") || gate_init();
}

static int finish(void **state)
{
	free(shm);
	return 0;
}

/* One extension per process: each test starts from "off" and ends there. */
static void begin(const struct precopy_limits *limits)
{
	fake_qemu_init();
	fake_add_block(0, 1ULL << 20);
	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	precopy_init(limits);
	greeting_init();
	fake.state(NULL, true, 0);
}

static int teardown(void **state)
{
	fake_notify(QEMU_PRECOPY_CLEANUP);
	precopy_stop();
	return 0;
}

static inline void publish_hello(u16 contract)
{
	assert_true(guest_voice_hello(&pub, shm, SHM_SIZE, contract, FREEHINT_REFUSAL_NONE));
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

static inline u64 sync_once(void)
{
	fake_notify(QEMU_PRECOPY_BEFORE_SYNC);
	assert_int_equal(shm->host_request.round, FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_AFTER_SYNC);
	return shm->host_request.round;
}

/* The first sync and the end of QEMU's setup. */
static inline u64 begin_migration(void)
{
	assert_int_equal(sync_once(), FREEHINT_NO_ROUND);
	fake_notify(QEMU_PRECOPY_SETUP);
	return shm->host_request.round;
}

#endif /* FREEHINT_TEST_PRECOPY_RIG_H */
