// SPDX-License-Identifier: GPL-2.0
/*
 * One offer of the guest: takes it, has its memory discarded in slices, and answers it.
 *
 * Invariant: memory is discarded only between a successful bar_take_offer() and the answer.
 * The guest uses no block of the offer meanwhile (proto/guest_offer.c). So the answer is the
 * last thing that happens to an offer, and DONE comes after the last discard.
 *
 * offer_give_up() may be called with QEMU's list of blocks locked, where the last reference to
 * memory must not be dropped; the timer of the slices drops it, once that lock is free
 * (first_sync.h).
 */
#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/bar.h"
#include "../core/first_sync.h"
#include "../gate/round_gate.h"
#include "discard_slices.h"
#include "discardable.h"
#include "obstacle.h"
#include "offer.h"

/*
 * Guarded by the BQL.
 *
 * @sequence: the offer that is taken and not answered, else FREEHINT_NO_OFFER. @instance: for
 * which it was taken. @blocks: the guest's, for the counters. @kept: bytes of the offer that are
 * left out. @kept_why: the reason, if it is the kind of that memory. @judged, @verdict: last
 * answer of discardable_refusal(). @taken: pieces may be held for an offer that was taken, also
 * after the answer, until the timer has dropped them.
 */
static struct {
	u64 sequence;
	u64 instance;
	u32 blocks;
	u64 kept;
	const char *kept_why;
	RAMBlock *judged;
	const char *verdict;
	bool taken;
} offer;

struct offer_counters offer_counters;

static void run_slice(void *opaque);

void offer_init(void)
{
	discard_slices_init(run_slice);
}

bool offer_is_busy(void)
{
	return offer.taken;
}

static void drop_pieces(void)
{
	discard_slices_drop();
	offer.taken = false;
}

void offer_prepare(void)
{
	drop_pieces();
	offer.kept = 0;
	offer.kept_why = NULL;
	offer.judged = NULL;
}

void offer_keep(u64 bytes)
{
	offer.kept += bytes;
}

const char *offer_kept_why(void)
{
	return offer.kept_why;
}

bool offer_is_empty(void)
{
	return discard_slices_are_empty();
}

/* Neighbouring pieces mostly lie in the same block, and asking QEMU takes microseconds. */
static const char *judge(RAMBlock *ram)
{
	if (ram != offer.judged)
		offer.verdict = discardable_refusal(ram);
	offer.judged = ram;
	return offer.verdict;
}

/* Only whole pages of the block can be discarded; the rest of the piece is kept. */
static void round_to_pages(struct piece *piece)
{
	u64 page = qemu.qemu_ram_pagesize(piece->ram);
	u64 start = (piece->offset + page - 1) / page * page;
	u64 end = (piece->offset + piece->len) / page * page;
	u64 len = end > start ? end - start : 0;

	offer_keep(piece->len - len);
	piece->gpa += start - piece->offset;
	piece->hva += start - piece->offset;
	piece->offset = start;
	piece->len = len;
}

bool offer_add(u64 gpa, u8 *hva, u64 len, const char **why)
{
	struct piece piece = { .gpa = gpa, .hva = hva, .len = len };
	u64 offset;

	piece.ram = qemu.qemu_ram_block_from_host(hva, false, &piece.offset);
	piece.region = qemu.memory_region_from_host(hva, &offset);
	*why = "it is no memory of QEMU; the guest keeps it";
	if (!piece.ram || !piece.region)
		return false;
	if (judge(piece.ram)) {
		offer.kept_why = offer.verdict;
		offer_keep(len);
		return true;
	}
	round_to_pages(&piece);
	if (!piece.len)
		return true;
	*why = "the offer is in more memory regions than twice its blocks; the guest keeps it";
	return discard_slices_add(&piece);
}

int offer_take(u64 sequence, u32 blocks)
{
	int ret = bar_take_offer(sequence);

	if (ret) {
		drop_pieces();
		return ret;
	}
	offer.sequence = sequence;
	offer.instance = bar_info().instance;
	offer.blocks = blocks;
	offer.taken = true;
	discard_slices_run_in(0);
	return 0;
}

static void answer(enum freehint_answer what)
{
	bar_answer_offer(offer.sequence, what);
	offer.sequence = FREEHINT_NO_OFFER;
}

static void end_done(void)
{
	answer(FREEHINT_ANSWER_DONE);
	offer_counters.done++;
	offer_counters.blocks += offer.blocks;
	offer_counters.kept_bytes += offer.kept;
}

void offer_count_declined(enum offer_decline reason)
{
	offer_counters.declined++;
	offer_counters.declined_by[reason]++;
}

static void end_declined(enum offer_decline reason)
{
	answer(FREEHINT_ANSWER_DECLINED);
	offer_count_declined(reason);
}

void offer_give_up(void)
{
	if (offer.sequence != FREEHINT_NO_OFFER)
		end_declined(OFFER_DECLINED_CUT);
}

struct offer_hold offer_hold_began(void)
{
	return (struct offer_hold){
		.bql = bql_hold_begin(), .us = clock_us(), .cpu_us = thread_cpu_us(),
	};
}

void offer_hold_ended(struct offer_hold hold)
{
	u64 us = clock_us() - hold.us, cpu_us = thread_cpu_us() - hold.cpu_us;

	if (us > offer_counters.hold_max_us)
		offer_counters.hold_max_us = us;
	if (cpu_us > offer_counters.hold_cpu_max_us)
		offer_counters.hold_cpu_max_us = cpu_us;
	bql_hold_end(hold.bql);
}

/* May the offer be discarded any further? All of this can change while the BQL is dropped. */
static bool may_go_on(void)
{
	struct freehint_guest_hello hello;

	return bar_info().instance == offer.instance && !bar_read_guest_hello(&hello) &&
	       !qemu.ram_block_discard_is_disabled() && !obstacle_passing();
}

/* Runs a slice and counts what it did. Return: false on failure. */
static bool discard(u64 start)
{
	struct discarded done;
	bool ok = discard_slices_run(start, &done);

	offer_counters.discard_us += done.us;
	offer_counters.bytes += done.bytes;
	return ok;
}

static void run_slice(void *opaque)
{
	struct offer_hold hold = offer_hold_began();

	(void)opaque;
	if (offer.sequence != FREEHINT_NO_OFFER && (!may_go_on() || !discard(hold.us)))
		end_declined(discard_slices_failure() ? OFFER_DECLINED_FAILED : OFFER_DECLINED_CUT);
	if (offer.sequence != FREEHINT_NO_OFFER && discard_slices_are_done())
		end_done();
	if (offer.sequence != FREEHINT_NO_OFFER || first_sync_runs())
		discard_slices_run_in(DISCARD_SLICES_GAP_NS);
	else
		drop_pieces();
	offer_hold_ended(hold);
}
