// SPDX-License-Identifier: GPL-2.0
/*
 * One offer of the guest: takes it, discards its memory in slices, and answers it.
 *
 * Invariant: memory is discarded only between a successful bar_take_offer() and the answer.
 * The guest uses no block of the offer meanwhile (proto/guest_offer.c). So the answer is the
 * last thing that happens to an offer, and DONE comes after the last discard.
 *
 * Discarding runs with the BQL held: a migration starts under it, devices that forbid
 * discarding appear under it, and memory is unplugged under it. The guest's device I/O waits
 * for the BQL, so the work is cut into slices of half a millisecond. A timer of the main loop
 * runs them, which drops the BQL in between. What that invalidates is checked again in every
 * slice: may_go_on() and is_mapped().
 *
 * A reference to its memory region is held for every piece, so that a block cannot be freed
 * in between. offer_give_up() may be called with QEMU's list of blocks locked, where the last
 * reference must not be dropped; the timer drops it, once that lock is free (first_sync.h).
 */
#include <stdio.h>

#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/bar.h"
#include "../core/first_sync.h"
#include "../core/main_loop_timer.h"
#include "discardable.h"
#include "obstacle.h"
#include "offer.h"
#include "../map/page_map.h"

/* A range that straddles two memory regions becomes two pieces. */
#define MAX_PIECES	(2 * FREEHINT_OFFER_BLOCKS)
/* Longest that a slice shall hold the BQL, and the least gap between two slices. */
#define SLICE_US	500
#define GAP_NS		50000
/*
 * Limits of the bytes in one call of QEMU. 2 MiB are a huge page, which must not be split;
 * as 512 pages of a memfd they take half a millisecond. More is never tried, because what was
 * never touched is discarded in no time, and the next piece may be full.
 */
#define STEP_MIN	(64ULL << 10)
#define STEP_MAX	(2ULL << 20)
/* So many short steps in a row until a longer one is tried. */
#define SHORT_STEPS	32

/**
 * struct piece - memory that is discarded, whole pages of its block
 * @ram:    QEMU's block
 * @region: its memory region, referenced
 * @gpa:    first guest physical address
 * @hva:    its host address
 * @offset: of @hva in @ram, bytes
 * @len:    bytes
 */
struct piece {
	RAMBlock *ram;
	MemoryRegion *region;
	u64 gpa;
	u8 *hva;
	u64 offset;
	u64 len;
};

/*
 * Guarded by the BQL.
 *
 * @count: pieces that are held. @at, @done: the current piece and bytes of it that are
 * discarded. @sequence: the offer that is taken and not answered, else FREEHINT_NO_OFFER.
 * @instance: for which it was taken. @judged, @verdict: last answer of discardable_refusal().
 * @step: bytes in a call of QEMU. @short_steps: calls in a row that took little time.
 */
static struct {
	struct qemu_timer timer;
	struct piece piece[MAX_PIECES];
	u32 count;
	u32 at;
	u64 done;
	u64 sequence;
	u64 instance;
	u32 blocks;
	u64 kept;
	const char *kept_why;
	RAMBlock *judged;
	const char *verdict;
	u64 step;
	u32 short_steps;
	bool taken;
	const char *failure;
} offer;

struct offer_counters offer_counters;

static void run_slice(void *opaque);

void offer_init(void)
{
	offer.step = STEP_MAX;
	main_loop_timer_init(&offer.timer, run_slice);
}

static void run_slice_in(u64 ns)
{
	main_loop_timer_in(&offer.timer, ns);
}

bool offer_is_busy(void)
{
	return offer.taken;
}

static void drop_pieces(void)
{
	while (offer.count)
		qemu.memory_region_unref(offer.piece[--offer.count].region);
	offer.taken = false;
}

void offer_prepare(void)
{
	drop_pieces();
	offer.at = 0;
	offer.done = 0;
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
	return !offer.count;
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
	if (offer.count == MAX_PIECES)
		return false;
	qemu.memory_region_ref(piece.region);
	offer.piece[offer.count++] = piece;
	return true;
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
	run_slice_in(0);
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

const char *offer_failure(void)
{
	return offer.failure;
}

void offer_forget_failure(void)
{
	offer.failure = NULL;
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

	return bar_info().instance == offer.instance && !bar_guest(&hello) &&
	       !qemu.ram_block_discard_is_disabled() && !obstacle_passing();
}

/* Memory may have been unplugged, and its block be held by nobody else. */
static bool is_mapped(const struct piece *piece, u64 at, u64 len)
{
	MemoryRegion *region = NULL;
	u8 *hva = qemu.gpa2hva(&region, piece->gpa + at, len, NULL);

	if (region)
		qemu.memory_region_unref(region);
	return hva == piece->hva + at;
}

/* Returns the number of bytes of the current piece that are discarded next. */
static u64 next_step(const struct piece *piece)
{
	u64 page = qemu.qemu_ram_pagesize(piece->ram), left = piece->len - offer.done;
	u64 step = offer.step < page ? page : offer.step;

	return step < left ? step : left;
}

/* On a slow host a step gets shorter, until it takes less than a slice. */
static void adapt(u64 took_us)
{
	offer.short_steps = took_us < SLICE_US / 4 ? offer.short_steps + 1 : 0;
	if (took_us > SLICE_US && offer.step > STEP_MIN)
		offer.step /= 2;
	if (offer.short_steps < SHORT_STEPS || offer.step == STEP_MAX)
		return;
	offer.step *= 2;
	offer.short_steps = 0;
}

static const char *describe_failure(const struct piece *piece, u64 len)
{
	static char text[160];

	snprintf(text, sizeof(text), "QEMU could not discard %llu bytes of memory '%.40s'; see its log, "
		 "then give the command again", (unsigned long long)len,
		 qemu.qemu_ram_get_idstr(piece->ram));
	return text;
}

static bool discard_step(void)
{
	const struct piece *piece = &offer.piece[offer.at];
	u64 start = clock_us(), len = next_step(piece), us;

	if (!is_mapped(piece, offer.done, len))
		return false;
	if (qemu.ram_block_discard_range(piece->ram, piece->offset + offer.done, len)) {
		offer.failure = describe_failure(piece, len);
		return false;
	}
	us = clock_us() - start;
	offer_counters.discard_us += us;
	offer_counters.bytes += len;
	adapt(us);
	page_map_add(&given_map, piece->gpa + offer.done, len);
	offer.done += len;
	if (offer.done == piece->len) {
		offer.at++;
		offer.done = 0;
	}
	return true;
}

/* Discards until the time of a slice is over. Returns false on failure. */
static bool discard(u64 start)
{
	u64 before, after = clock_us();

	do {
		if (offer.at == offer.count)
			return true;
		before = after;
		if (!discard_step())
			return false;
		after = clock_us();
	} while (after - start + (after - before) <= SLICE_US);
	return true;
}

static void run_slice(void *opaque)
{
	struct offer_hold hold = offer_hold_began();

	(void)opaque;
	if (offer.sequence != FREEHINT_NO_OFFER && (!may_go_on() || !discard(hold.us)))
		end_declined(offer.failure ? OFFER_DECLINED_FAILED : OFFER_DECLINED_CUT);
	if (offer.sequence != FREEHINT_NO_OFFER && offer.at == offer.count)
		end_done();
	if (offer.sequence != FREEHINT_NO_OFFER || first_sync_runs())
		run_slice_in(GAP_NS);
	else
		drop_pieces();
	offer_hold_ended(hold);
}
