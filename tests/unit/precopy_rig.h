/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests of precopy.c have in common: a region, and one extension in it.
 */
#ifndef FREEHINT_TEST_PRECOPY_RIG_H
#define FREEHINT_TEST_PRECOPY_RIG_H

#include <stdlib.h>

#include "host-agent/qemu-module/bar.h"
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

#endif /* FREEHINT_TEST_PRECOPY_RIG_H */
