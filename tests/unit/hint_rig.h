/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round for unit tests of the agent: the region, the real publisher, and what the agent
 * reads from them.
 */
/* links: host-agent/agent/round/hint_round.c host-agent/common/bits_to_ranges.c */
/* links: host-agent/common/log.c */
/* links: host-agent/common/printable.c */
/* links: proto/host_snapshot.c proto/host_request.c proto/guest_publish.c */
/* links: proto/host_offer.c */
/* libs: jansson */
#ifndef FREEHINT_TEST_HINT_RIG_H
#define FREEHINT_TEST_HINT_RIG_H

#include "host-agent/agent/round/hint_round.h"
#include "host-agent/common/log.h"
#include "tests/fakes/guest_voice.h"
#include "tests/unit/region.h"
#include "tests/unit/unit.h"

#define REGION		(1 << 21)

/**
 * struct hint_rig - a region with both sides at work
 * @region: the region
 * @shm:    its bytes
 * @guest:  publisher
 * @stats:  the agent's counts
 */
static struct hint_rig {
	struct region region;
	struct freehint_shm *shm;
	struct freehint_publisher guest;
	struct agent_stats stats;
} rig;

static inline void make_rig(void)
{
	log_init(LOG_LEVEL_ERROR);
	memset(&rig, 0, sizeof(rig));
	rig.region = region_make(REGION);
	rig.shm = rig.region.shm;
	assert_int_equal(freehint_publisher_attach(&rig.guest, rig.shm, REGION), 0);
}

static inline void ask(u64 id)
{
	freehint_write_request(rig.shm, id, FREEHINT_PHASE_ROUND, 1);
}

static inline void open_round(u64 id)
{
	ask(id);
	freehint_open_round(&rig.guest, id);
}

static inline void put(u64 word, u64 count)
{
	guest_voice_put(&rig.guest, word, count);
}

static inline void seal(u32 status)
{
	guest_voice_seal(&rig.guest, status);
}

#endif /* FREEHINT_TEST_HINT_RIG_H */
