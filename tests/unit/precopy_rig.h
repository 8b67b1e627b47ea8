/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of precopy.c have in common: a region, and one extension in it.
 */
#ifndef FREEHINT_TEST_PRECOPY_RIG_H
#define FREEHINT_TEST_PRECOPY_RIG_H

#include <stdlib.h>

#include "host-agent/qemu-module/bar.h"
#include "host-agent/qemu-module/precopy.h"
#include "host-agent/qemu-module/round_gate.h"
#include "proto/guest_publish.h"
#include "tests/fakes/fake_qemu.h"

#define SHM_SIZE (64ULL << 10)

static struct freehint_shm *shm;
static struct freehint_publisher pub;

static int init(void **state)
{
	(void)state;
	shm = fake_region_new(SHM_SIZE);
	if (!shm)
		return -1;
	fake_qemu_init();
	return bar_init("freehint") || gate_init();
}

static int finish(void **state)
{
	(void)state;
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
	fake.state(NULL, true, 0);
}

static int teardown(void **state)
{
	(void)state;
	fake_notify(QEMU_PRECOPY_CLEANUP);
	precopy_stop();
	return 0;
}

#endif /* FREEHINT_TEST_PRECOPY_RIG_H */
