/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's side of the region: hello, heartbeat, and one bitmap per round,
 * published in address order. Compiled into the kernel module and the tests.
 */
#ifndef FREEHINT_GUEST_PUBLISH_H
#define FREEHINT_GUEST_PUBLISH_H

#include "../include/freehint/shm_layout.h"

/**
 * struct freehint_publisher - the guest's state for one region
 * @shm:      start of the mapped region; the caller maps and unmaps it
 * @bitmap:   first word of the bitmap inside the region
 * @size:     bytes mapped
 * @capacity: bits in the bitmap, taken from the host's hello and checked
 * @version:  version that both sides support
 * @host_version_min: lowest version that the host supports; valid, like @host_version,
 *            also after freehint_publisher_attach() returned -EPROTO
 * @host_version: highest version that the host supports
 * @round:    round being published, FREEHINT_NO_ROUND between rounds
 * @mark:     end of the words written in that round, pfn, a multiple of 64;
 *            freehint_advance() publishes it as the watermark
 * @free:     bits set so far in that round
 * @shown_mark: @mark at the last freehint_advance()
 * @shown_free: @free at the last freehint_advance()
 *
 * Only one thread uses it at a time; no function below takes a lock. No member is read
 * back from the guest's own lines.
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
	u64 shown_mark;
	u64 shown_free;
};

/**
 * struct freehint_guest_facts - the guest's properties in its hello
 * @contract:    enum freehint_contract
 * @refusal:     enum freehint_refusal
 * @max_order:   highest allocator order
 * @end_pfn:     one past the highest pfn
 * @incarnation: random, new for each load of the module
 * @give_back:   enum freehint_give_back; not published before FREEHINT_VERSION_GIVE_BACK
 */
struct freehint_guest_facts {
	u16 contract;
	u16 refusal;
	u32 max_order;
	u64 end_pfn;
	u64 incarnation;
	u32 give_back;
};

/**
 * struct freehint_request - a consistent copy of the host's request line
 * @instance: the host's current instance
 * @round:    open round or FREEHINT_NO_ROUND
 * @phase:    enum freehint_phase
 * @pass:     pass of the migration that @round belongs to
 * @kicks:    grows when the host wants the guest to poll fast again
 */
struct freehint_request {
	u64 instance;
	u64 round;
	u32 phase;
	u32 pass;
	u32 kicks;
};

/**
 * struct freehint_seal_facts - status and timings in the seal of a round
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
 * freehint_publisher_attach() - check that a region is ours, and use it
 * @pub:  filled on success; otherwise at most the host's versions are filled
 * @base: mapped region, 64-byte aligned
 * @size: bytes mapped
 *
 * Only reads, and only the first cache line of the region.
 *
 * Return: 0; -ENODEV: no freehint magic (another program's ivshmem), or @size is too
 * small; -EPROTO: no common version; -EINVAL: the host's sizes contradict each other
 * or @size.
 */
int freehint_publisher_attach(struct freehint_publisher *pub, void *base, u64 size);

/** freehint_older_side() - Return: after -EPROTO the side to update, as text for a log */
const char *freehint_older_side(const struct freehint_publisher *pub);

/**
 * freehint_publish_hello() - publish the guest's hello for a host instance
 * @pub:      publisher
 * @instance: instance to echo, from freehint_read_request()
 * @facts:    properties to publish
 *
 * First ends any round of an earlier incarnation: progress and seal are reset.
 */
void freehint_publish_hello(struct freehint_publisher *pub, u64 instance,
			    const struct freehint_guest_facts *facts);

/**
 * freehint_refresh_hello() - publish facts that may change while the hello stands
 * @pub:   publisher; its hello is in the region
 * @facts: @end_pfn and @give_back are published, the others are those of the hello
 *
 * Each of the two is one field, and a reader needs no other one with it. So the hello is not
 * withdrawn, and a round goes on. Call freehint_beat() next: it makes the stores visible.
 */
void freehint_refresh_hello(struct freehint_publisher *pub,
			    const struct freehint_guest_facts *facts);

/**
 * freehint_shows_host() - does the region show the hello of a host?
 * @pub:      publisher
 * @instance: the host's, not 0
 *
 * Return: false also while the device decodes no memory.
 */
bool freehint_shows_host(const struct freehint_publisher *pub, u64 instance);

/** freehint_withdraw() - clear hello, progress and seal; the host then sees no guest */
void freehint_withdraw(struct freehint_publisher *pub);

/**
 * freehint_beat() - publish that the guest still polls, and when it polls next
 * @pub:     publisher
 * @beats:   number of beats, one more in each call
 * @poll_us: microseconds until the next poll; not written in version 1
 */
void freehint_beat(struct freehint_publisher *pub, u64 beats, u32 poll_us);

/**
 * freehint_read_request() - copy the host's request line
 * @pub: publisher
 * @req: filled
 *
 * Return: true if the copy is consistent; false if the host wrote the line meanwhile.
 * Poll again then.
 */
bool freehint_read_request(const struct freehint_publisher *pub,
			   struct freehint_request *req);

/** freehint_round_is_current() - Return: true while the request line names @round */
bool freehint_round_is_current(const struct freehint_publisher *pub, u64 round);

/**
 * freehint_open_round() - start to publish a round
 * @pub:   publisher
 * @round: id from freehint_read_request()
 *
 * Until freehint_seal_round() the caller puts words in address order.
 */
void freehint_open_round(struct freehint_publisher *pub, u64 round);

/**
 * freehint_put_words() - set the next words of the bitmap
 * @pub:   publisher
 * @words: bit n of word w is page mark + 64 * w + n; 1 means free
 * @count: number of words
 *
 * Writes the words at mark and moves mark past them. The host sees them only after
 * freehint_advance(). Words beyond the capacity are dropped.
 */
void freehint_put_words(struct freehint_publisher *pub, const u64 *words, u64 count);

/**
 * freehint_put_used() - clear the bitmap in [mark, @pfn) and move mark there
 * @pub: publisher
 * @pfn: end, rounded down to a multiple of 64; at most the capacity is cleared. A @pfn
 *       that is not above mark is ignored.
 */
void freehint_put_used(struct freehint_publisher *pub, u64 pfn);

/** freehint_advance() - publish all words so far: store mark as the watermark */
void freehint_advance(struct freehint_publisher *pub);

/**
 * freehint_advance_current() - as freehint_advance(), while the host asks for this round
 * @pub: publisher
 *
 * A device that decodes no memory loses words. While it does so, the request line names no
 * round. One that decodes again before this call is not noticed.
 *
 * Return: false if the request line does not name the round; then nothing is published.
 */
bool freehint_advance_current(struct freehint_publisher *pub);

/** freehint_drop_words() - forget the words since the last freehint_advance() */
void freehint_drop_words(struct freehint_publisher *pub);

/**
 * freehint_seal_round() - end the round: write counts and status, then its id
 * @pub:   publisher
 * @facts: status and timings
 */
void freehint_seal_round(struct freehint_publisher *pub,
			 const struct freehint_seal_facts *facts);

#endif /* FREEHINT_GUEST_PUBLISH_H */
