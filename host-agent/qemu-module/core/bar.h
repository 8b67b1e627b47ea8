/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared region as QEMU sees it: finds the memory backend, writes the host's hello and
 * request, reads what the guest published. Call everything under the BQL unless noted.
 */
#ifndef FREEHINT_BAR_H
#define FREEHINT_BAR_H

#include "../../../include/freehint/shm_layout.h"
#include "qemu_types.h"

/**
 * struct bar_info - the region for x-query-freehint
 * @size:     bytes
 * @capacity: bits of the bitmap
 * @instance: id that the guest has to echo
 */
struct bar_info {
	u64 size;
	u64 capacity;
	u64 instance;
};

/**
 * bar_init() - choose a random instance id and save the id of the backend
 * @memdev: id of the memory backend behind the ivshmem device; copied
 *
 * Return: 0, -ENOMEM, or -EIO if getrandom() fails.
 */
int bar_init(const char *memdev);

/**
 * bar_attach() - find the backend and pin it, unless one is attached
 * @why: set on failure: what is wrong and what to do; valid until the next failure
 *
 * Return: true if the region can be used.
 */
bool bar_attach(const char **why);

/**
 * bar_is_deleted() - was the pinned backend deleted?
 *
 * Its memory stays valid until bar_detach(), but no device uses it. Another backend may have
 * taken its id.
 */
bool bar_is_deleted(void);

/**
 * bar_claim() - the guest runs: mark the file of the region as used
 *
 * Two guests that run with one file would answer each other's rounds: their hints would destroy
 * the other's memory. A guest that is stopped writes nothing. Call it before the guest's
 * processors run; a region is attached.
 *
 * Return: false if another guest that runs uses the file.
 */
bool bar_claim(void);

/** bar_unclaim() - the guest is stopped: take the mark away. Without a region nothing is done */
void bar_unclaim(void);

/** bar_detach() - drop the reference to the backend; no round is open */
void bar_detach(void);

/**
 * bar_populate() - make the file system allocate the whole region now
 * @why: set on failure, as by bar_attach()
 *
 * Call it before the guest is asked to write the bitmap. 64 MiB, the bitmap of 2 TiB, take
 * some 20 ms the first time; later calls find every page allocated.
 *
 * Return: true if no access to the region can raise SIGBUS.
 */
bool bar_populate(const char **why);

/** bar_is_attached() - is a region attached? Any thread */
bool bar_is_attached(void);

/** bar_missing() - Return: why there is no region, and what to do; static. BQL held */
const char *bar_missing(void);

/** bar_memdev() - id of the backend that is searched for */
const char *bar_memdev(void);

/** bar_info() - size, capacity and instance; zeros before bar_attach() */
struct bar_info bar_info(void);

/** bar_region() - memory region of the backend, referenced until bar_detach(); NULL: none */
MemoryRegion *bar_region(void);

/* Why a guest that runs can neither read nor write the region. */
#define BAR_UNMAPPED	"the ivshmem device decodes no memory; the guest's kernel log has more"

/**
 * bar_is_mapped() - does the device decode memory at some address?
 *
 * A bridge in front of it may still decode none: see bar_listener.c.
 */
bool bar_is_mapped(void);

/** bar_contains() - does [hva, hva + len) overlap the region itself? */
bool bar_contains(const void *hva, u64 len);

/** bar_has_hello() - is the hello in the region ours? Another QEMU may have written its own */
bool bar_has_hello(void);

/** bar_clear_hello() - take whatever hello is in the region away: no guest answers any more */
void bar_clear_hello(void);

/** bar_publish_hello() - publish the host's hello; the guest answers within 100 ms */
void bar_publish_hello(void);

/** bar_new_instance() - change the instance id: every earlier guest hello becomes stale */
void bar_new_instance(void);

/** bar_request() - write the request line and wake the agent; any thread that has the BQL */
void bar_request(u64 round, u32 phase, u32 pass);

/**
 * bar_read_guest_hello() - copy the guest's hello
 *
 * Return: 0; -ENOENT: no guest; -EBUSY: another guest uses the region, too; -EPROTO,
 * -EINVAL: see freehint_read_guest_hello().
 */
int bar_read_guest_hello(struct freehint_guest_hello *hello);

/** bar_kick() - make a guest that polls slowly poll fast again; reporting is on */
void bar_kick(void);

/** bar_beats() - the guest's poll counter */
u64 bar_beats(void);

/**
 * bar_poll_us() - how long the guest may take until its next poll, as it published
 *
 * Return: microseconds, unchecked; 0: no guest, or the guest does not publish it.
 */
u32 bar_poll_us(void);

/** bar_seal() - copy the seal of @round; any thread; 0 or negative errno */
int bar_seal(u64 round, struct freehint_guest_seal *seal);

/**
 * bar_write_give_back_request() - write the request for free memory
 * @session: number that was never used before, FREEHINT_NO_SESSION: nothing is wanted
 * @order:   smallest order worth an offer
 * @leave:   free memory that the guest keeps, pages
 */
void bar_write_give_back_request(u64 session, u32 order, u64 leave);

/**
 * bar_offer() - copy the guest's offer and check the copy
 * @sequence: offer
 * @offer:    filled; see freehint_copy_offer() for what was checked
 *
 * Return: false: it does not stand in the region, or it is malformed.
 */
bool bar_offer(u64 sequence, struct freehint_offer *offer);

/**
 * bar_offer_end() - how far an offer reaches from a page on
 * @offer: checked copy
 * @pfn:   page
 *
 * Return: end of the longest block that contains @pfn, a pfn; @pfn: no block does.
 */
u64 bar_offer_end(const struct freehint_offer *offer, u64 pfn);

/** bar_take_offer() - take the offer; 0, or -ESTALE: the guest was first, and it is declined */
int bar_take_offer(u64 sequence);

/** bar_answer_offer() - no block of the offer is touched any more */
void bar_answer_offer(u64 sequence, enum freehint_answer answer);

/** bar_read_give_back_state() - copy the guest's counters of a session; 0 or -EAGAIN */
int bar_read_give_back_state(u64 session, struct freehint_give_back_state *state);

#endif /* FREEHINT_BAR_H */
