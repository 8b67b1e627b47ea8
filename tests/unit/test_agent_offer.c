// SPDX-License-Identifier: GPL-2.0
/*
 * The agent's program, sandbox and all, carries offers of one block and of many, up to the most.
 */
/* rig: tests/fakes/agent_rig.c */
/* links: proto/guest_offer.c */
#include <signal.h>

#include "proto/guest_offer.h"
#include "proto/host_offer.h"
#include "tests/fakes/agent_rig.h"

#define SESSION		77
#define MIB		(1ULL << 20)

static unsigned int expected;

static bool got_offer(struct fake_qmp *server)
{
	return server->offer == expected;
}

/* Blocks of 2 MiB with gaps, the last one first. */
static void offer(unsigned int count)
{
	u64 blocks[FREEHINT_OFFER_BLOCKS];
	unsigned int i;

	for (i = 0; i < count; i++)
		blocks[i] = freehint_block((count - 1 - i) * 1024ULL, 9);
	freehint_publish_offer(&agent_rig.guest, count, SESSION, blocks, count);
}

static void offers_of_any_size_are_carried(void **state)
{
	unsigned int i;

	agent_rig.server.can_give_back = true;
	agent_rig.server.mode = "always";
	agent_rig.server.asking = true;
	freehint_write_give_back_request(agent_rig.shm, SESSION, 9, 0);
	attach(NULL);
	for (expected = 1; expected <= FREEHINT_OFFER_BLOCKS; expected *= 2) {
		offer(expected);
		assert_true(fake_qmp_serve(&agent_rig.server, got_offer, WAIT_MS));
		assert_int_equal(agent_rig.server.discard_count, expected);
		for (i = 0; i < expected; i++)
			assert_int_equal(agent_rig.server.discarded[i].start, i * 4 * MIB);
	}
	assert_int_equal(stop_agent(SIGTERM), 0);
}

RUN_AGENT_TESTS(
		AGENT_TEST(offers_of_any_size_are_carried),
)
