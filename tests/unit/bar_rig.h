/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared memory of one extension and the guest module in it. A test that includes this
 * has init() and finish() for its group, and attach() for its setup.
 */
/* links: host-agent/qemu-module/core/region_lock.c */
/* links: host-agent/qemu-module/core/bar.c host-agent/qemu-module/gate/round_gate.c */
/* links: host-agent/qemu-module/gate/round_history.c host-agent/qemu-module/gate/bql_hold.c */
/* links: host-agent/qemu-module/gate/range_queue.c */
/* links: host-agent/qemu-module/core/peer_wake.c */
/* links: tests/fakes/fake_qemu.c proto/host_request.c proto/host_snapshot.c */
/* links: proto/host_offer.c */
/* links: proto/guest_publish.c */
#ifndef FREEHINT_TEST_BAR_RIG_H
#define FREEHINT_TEST_BAR_RIG_H

#include "host-agent/qemu-module/core/bar.h"
#include "host-agent/qemu-module/gate/round_gate.h"
#include "proto/guest_publish.h"
#include "tests/fakes/fake_qemu.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/unit.h"

#define SHM_SIZE (64ULL << 10)

static struct freehint_shm *shm;
static struct freehint_publisher pub;

static inline int init(void **state)
{
	shm = fake_region_new(SHM_SIZE);
	if (!shm)
		return -1;
	fake_qemu_init();
	return bar_init("freehint") || gate_init();
}

static inline int finish(void **state)
{
	free(shm);
	return 0;
}

/* The device has the memory, the extension uses it and has published its hello. */
static inline void attach(void)
{
	const char *why;

	fake.shm = shm;
	fake.shm_size = SHM_SIZE;
	assert_true(bar_attach(&why));
	bar_publish_hello();
}

static inline void publish_hello(u16 contract)
{
	assert_true(guest_voice_hello(&pub, shm, SHM_SIZE, contract, FREEHINT_REFUSAL_NONE));
}

#endif /* FREEHINT_TEST_BAR_RIG_H */
