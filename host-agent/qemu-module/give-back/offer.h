/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One offer of the guest: takes it, has its memory discarded, and answers it. Call
 * everything under the BQL, in the main loop unless noted.
 */
#ifndef FREEHINT_OFFER_H
#define FREEHINT_OFFER_H

#include "../core/qemu_abi.h"
#include "../gate/bql_hold.h"

/*
 * X(reason, name in x-query-freehint): why offers are declined
 *
 * declined-obstacle: something stood against it when the command came: a migration, a guest that
 *                    does not run, or what "refused" names
 * declined-range:    a range was malformed, not part of the offer, or not memory of the guest
 * declined-kept:     there was only memory that has to keep its pages
 * declined-cut:      taken, and something came up before the last slice: a migration, a reset, a
 *                    device that forbids discarding, memory that was unplugged, a region that the
 *                    guest does not see any more, another command
 * declined-failed:   QEMU could not discard
 */
#define OFFER_DECLINES(X)					\
	X(OFFER_DECLINED_OBSTACLE, "declined-obstacle")		\
	X(OFFER_DECLINED_RANGE, "declined-range")		\
	X(OFFER_DECLINED_KEPT, "declined-kept")			\
	X(OFFER_DECLINED_CUT, "declined-cut")			\
	X(OFFER_DECLINED_FAILED, "declined-failed")

/** enum offer_decline - see OFFER_DECLINES */
enum offer_decline {
#define DECLINE_MEMBER(reason, name) reason,
	OFFER_DECLINES(DECLINE_MEMBER)
#undef DECLINE_MEMBER
	OFFER_DECLINE_REASONS,
};

/**
 * struct offer_counters - since QEMU started
 * @offers:      offers that stood in the region when their command came
 * @done:        of them, answered with DONE
 * @declined:    of them, declined
 * @declined_by: of these, for each reason
 * @stale:       commands whose offer did not stand in the region, or not any more
 * @early:       commands that came while another offer was in progress
 * @closed:      commands that came while the guest was not asked
 * @blocks:      the guest's blocks in offers answered with DONE
 * @bytes:       discarded
 * @kept_bytes:  in offers answered with DONE, but not discarded: memory that has to keep its
 *               pages, memory below 1 MiB, and parts of huge pages
 * @discard_us:  time in QEMU's discard function
 * @hold_max_us: longest time with the BQL held, in a command, a slice or a look
 * @hold_cpu_max_us: most processor time in such a stretch; a busy host takes the processor away
 *               in the middle of a hold, which is in @hold_max_us alone
 */
struct offer_counters {
	u64 offers;
	u64 done;
	u64 declined;
	u64 declined_by[OFFER_DECLINE_REASONS];
	u64 stale;
	u64 early;
	u64 closed;
	u64 blocks;
	u64 bytes;
	u64 kept_bytes;
	u64 discard_us;
	u64 hold_max_us;
	u64 hold_cpu_max_us;
};

extern struct offer_counters offer_counters;

/** offer_init() - once at load */
void offer_init(void);

/** offer_is_busy() - is there an offer whose memory is still being discarded or held? */
bool offer_is_busy(void);

/** offer_prepare() - forget the pieces of an offer that was never taken; not while busy */
void offer_prepare(void);

/**
 * offer_add() - add memory to the offer that is being prepared
 * @gpa:  first guest physical address
 * @hva:  its host address
 * @len:  bytes, in one memory region
 * @why:  set on failure
 *
 * Memory that must keep its pages is left out and counted.
 *
 * Return: false if there are too many pieces.
 */
bool offer_add(u64 gpa, u8 *hva, u64 len, const char **why);

/** offer_count_declined() - count an offer that is declined */
void offer_count_declined(enum offer_decline reason);

/** offer_keep() - count memory of the offer that is left out, bytes */
void offer_keep(u64 bytes);

/** offer_kept_why() - why memory was left out, NULL if none was because of its kind */
const char *offer_kept_why(void);

/** offer_is_empty() - is there nothing to discard? */
bool offer_is_empty(void);

/**
 * offer_take() - take the offer that was prepared; a timer discards its memory
 * @sequence: offer
 * @blocks:   number of its blocks, for the counters
 *
 * Return: 0; -ESTALE: the guest has withdrawn it, and nothing is held any more.
 */
int offer_take(u64 sequence, u32 blocks);

/**
 * offer_give_up() - decline the offer in progress, if there is one
 *
 * Call it before the region changes hands. The references to memory are dropped by the timer,
 * so that any thread that holds the BQL and any lock of QEMU may call this.
 */
void offer_give_up(void);

/**
 * struct offer_hold - when a stretch with the BQL held began, for @hold_max_us
 * @bql:    the same for bql-max-us
 * @us:     clock_us()
 * @cpu_us: thread_cpu_us()
 */
struct offer_hold {
	struct bql_hold bql;
	u64 us;
	u64 cpu_us;
};

/** offer_hold_began() - it begins now. Context: BQL held, as until offer_hold_ended() */
struct offer_hold offer_hold_began(void);

/** offer_hold_ended() - count it. Context: the same thread, BQL held */
void offer_hold_ended(struct offer_hold hold);

#endif /* FREEHINT_OFFER_H */
