/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent's half of a round between a guest that the input drives and a QEMU that
 * checks every batch: region, guest, rounds and batches of fuzz_hint_round.c.
 */
#ifndef FREEHINT_ROUND_RIG_H
#define FREEHINT_ROUND_RIG_H

#include "fuzz.h"

#include "host-agent/agent/round/hint_flow.h"
#include "proto/guest_publish.h"

/* Stores of a guest that the region has not seen yet. */
#define MAX_STORES	(1 << 15)

/**
 * struct pending_store - a store on its way to the region
 * @offset: where
 * @size:   bytes
 * @value:  what
 */
struct pending_store {
	u32 offset;
	u32 size;
	u64 value;
};

/**
 * struct round_rig - one run
 * @in:      input
 * @honest:  the guest keeps to the protocol and is only fast
 * @size:    bytes of the region
 * @region:  what the agent reads
 * @shadow:  what an honest guest writes; its stores reach @region in their order,
 *           some before each load of the agent
 * @store:   those on their way, @first to @end
 * @guest:   honest guest
 * @quiet:   loads until something happens again
 * @asked:   round that the host asks for, or 0
 * @last_id: latest round that the host asked for
 * @sealed:  round that the honest guest completed last
 * @free:    pages it had free
 * @sent:    pages that QEMU was told of in round @sent_id
 * @after:   end of the last range of that round, bytes
 * @sums:    checksums of the records of the batches that QEMU has
 * @counts:  how many records these are
 */
struct round_rig {
	struct input in;
	bool honest;
	u64 size;
	u8 *region;
	u8 *shadow;
	struct pending_store store[MAX_STORES];
	u32 first;
	u32 end;
	struct freehint_publisher guest;
	u32 quiet;
	u64 asked;
	u64 last_id;
	u64 sealed;
	u64 free;
	u64 sent;
	u64 sent_id;
	u64 after;
	u64 sums[FREEHINT_MAX_INFLIGHT];
	unsigned int counts[FREEHINT_MAX_INFLIGHT];
	struct agent_stats stats;
	struct hint_flow flow;
	struct qmp_client qmp;
};

extern struct round_rig rig;

/** round_rig_start() - fresh region, guest and agent; the input's head says which */
void round_rig_start(const u8 *data, size_t size);

/** round_rig_end() - give the region back */
void round_rig_end(void);

/** round_rig_host() - the host asks for a round or takes it back */
void round_rig_host(u8 how);

/** round_rig_guest() - an honest guest's next step, or a lie */
void round_rig_guest(u8 how);

/** round_rig_settle() - every store of an honest guest reaches the region */
void round_rig_settle(void);

/** round_rig_poll() - the agent's poll: look, and send what is new */
void round_rig_poll(void);

/** round_rig_reply() - QEMU answers a batch */
void round_rig_reply(u8 how);

#endif /* FREEHINT_ROUND_RIG_H */
