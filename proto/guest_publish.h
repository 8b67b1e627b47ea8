/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's side of the region: hello, heartbeat, and one bitmap per round,
 * published in address order. Compiled into the kernel module and the tests.
 */
#ifndef FREEHINT_GUEST_PUBLISH_H
#define FREEHINT_GUEST_PUBLISH_H

#include "../include/freehint/shm_layout.h"

/**
 * struct freehint_publisher - what the guest remembers of one region
 * @shm:      start of the mapped region; the caller maps and unmaps it
 * @bitmap:   first word of the bitmap inside the region
 * @size:     bytes mapped
 * @capacity: bits the bitmap holds, taken from the host's hello and checked
 * @version:  version both sides speak
 * @host_version_min: lowest version the host speaks; these two are also filled when
 *            freehint_publisher_attach() finds no common one
 * @host_version: highest version the host speaks
 * @round:    round being published, FREEHINT_NO_ROUND between rounds
 * @mark:     watermark of that round, pfn
 * @free:     bits set so far in that round
 *
 * One thread uses it at a time. Nothing here is read back from the region.
 */
struct freehint_publisher {
	struct freehint_shm *shm;
	u64 *bitmap;
	u64 size;
	u64 capacity;
	u16 version;
	u16 host_version_min;
	u16 host_version;
	u64 round;
	u64 mark;
	u64 free;
};

/**
 * struct freehint_guest_facts - what the guest says of itself in its hello
 * @contract:    enum freehint_contract
 * @refusal:     enum freehint_refusal
 * @max_order:   highest allocator order
 * @end_pfn:     one past the highest pfn
 * @incarnation: random per module load
 */
struct freehint_guest_facts {
	u16 contract;
	u16 refusal;
	u32 max_order;
	u64 end_pfn;
	u64 incarnation;
};

/**
 * struct freehint_request - a consistent copy of the host's request line
 * @instance: the host's current instance
 * @round:    open round or FREEHINT_NO_ROUND
 * @phase:    enum freehint_phase
 * @pass:     pass of the migration @round belongs to
 * @kicks:    grows when the host wants the guest to look often again
 */
struct freehint_request {
	u64 instance;
	u64 round;
	u32 phase;
	u32 pass;
	u32 kicks;
};

/**
 * struct freehint_seal_facts - what the guest says when a round ends
 * @status:  enum freehint_seal_status
 * @hold_us: longest lock hold, microseconds
 * @scan_us: duration of the scan, microseconds
 * @blocks:  number of lock holds
 */
struct freehint_seal_facts {
	u32 status;
	u32 hold_us;
	u64 scan_us;
	u64 blocks;
};

/**
 * freehint_publisher_attach() - prove that a region is ours
 * @pub:  filled on success, but for the host's versions untouched otherwise
 * @base: mapped region, 64-byte aligned
 * @size: bytes mapped
 *
 * Return: 0; -ENODEV: no freehint magic (somebody else's ivshmem); -EPROTO: no
 * common version; -EINVAL: the host's sizes contradict each other or @size.
 */
int freehint_publisher_attach(struct freehint_publisher *pub, void *base, u64 size);

/** freehint_older_side() - after -EPROTO: who has to be updated, for people */
const char *freehint_older_side(const struct freehint_publisher *pub);

/**
 * freehint_publish_hello() - introduce the guest to a host instance
 * @pub:      publisher
 * @instance: instance to echo, from freehint_read_request()
 * @facts:    what to say
 *
 * Ends any round of an earlier incarnation first: progress and seal are reset.
 */
void freehint_publish_hello(struct freehint_publisher *pub, u64 instance,
			    const struct freehint_guest_facts *facts);

/** freehint_withdraw() - take the hello back; the host sees no guest then */
void freehint_withdraw(struct freehint_publisher *pub);

/**
 * freehint_beat() - say that the guest still polls, and how often
 * @pub:     publisher
 * @beats:   grows by one a call
 * @poll_us: microseconds until the next poll; a host of version 1 is not told
 */
void freehint_beat(struct freehint_publisher *pub, u64 beats, u32 poll_us);

/**
 * freehint_read_request() - copy the host's request line
 * @pub: publisher
 * @req: filled
 *
 * Return: true when the copy is consistent; false when the host was writing it,
 * then poll again.
 */
bool freehint_read_request(const struct freehint_publisher *pub,
			   struct freehint_request *req);

/** freehint_round_is_current() - does the host still ask for this round? */
bool freehint_round_is_current(const struct freehint_publisher *pub, u64 round);

/**
 * freehint_open_round() - start to publish a round
 * @pub:   publisher
 * @round: id from freehint_read_request()
 *
 * From here until freehint_seal_round() words are put in address order.
 */
void freehint_open_round(struct freehint_publisher *pub, u64 round);

/**
 * freehint_put_words() - set the next words of the bitmap
 * @pub:   publisher
 * @words: bit n of word w is page mark + 64 * w + n; 1 means free
 * @count: number of words
 *
 * Writes at the watermark but does not move what the host sees of it:
 * freehint_advance() does. Words beyond the capacity are dropped.
 */
void freehint_put_words(struct freehint_publisher *pub, const u64 *words, u64 count);

/**
 * freehint_put_used() - clear the bitmap from the watermark to @pfn
 * @pub: publisher
 * @pfn: rounded down to a multiple of 64; not below the watermark, else ignored
 */
void freehint_put_used(struct freehint_publisher *pub, u64 pfn);

/** freehint_advance() - let the host see everything that was put so far */
void freehint_advance(struct freehint_publisher *pub);

/**
 * freehint_seal_round() - end the round: counts, status, then its id
 * @pub:   publisher
 * @facts: status and timings
 */
void freehint_seal_round(struct freehint_publisher *pub,
			 const struct freehint_seal_facts *facts);

#endif /* FREEHINT_GUEST_PUBLISH_H */
