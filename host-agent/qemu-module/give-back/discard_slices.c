// SPDX-License-Identifier: GPL-2.0
/*
 * Discards pieces of memory in slices, and drops the BQL in between.
 *
 * Discarding runs with the BQL held: a migration starts under it, devices that forbid
 * discarding appear under it, and memory is unplugged under it. The guest's device I/O waits
 * for the BQL, so the work is cut into slices of half a millisecond. A timer of the main loop
 * runs them, which drops the BQL in between. What that invalidates is checked again: memory
 * in every step, by is_mapped(), the rest in every slice, by may_go_on() of offer.c.
 *
 * A reference to its memory region is held for every piece, so that a block cannot be freed
 * in between.
 */
#include <stdio.h>

#include "../../../include/freehint/shm_layout.h"
#include "../../common/clock.h"
#include "../core/main_loop_timer.h"
#include "../map/page_map.h"
#include "discard_slices.h"

/* A range that straddles two memory regions becomes two pieces. */
#define MAX_PIECES	(2 * FREEHINT_OFFER_BLOCKS)
/* Longest that a slice shall hold the BQL. */
#define SLICE_US	500
/*
 * Limits of the bytes in one call of QEMU. 2 MiB is a huge page, which must not be split; as 512
 * pages of a memfd it takes half a millisecond. The step never grows above that: untouched
 * memory is discarded in no time, so a step that was measured there would be too long for used
 * memory.
 */
#define STEP_MIN	(64ULL << 10)
#define STEP_MAX	(2ULL << 20)
/* So many short steps in a row until a longer one is tried. */
#define SHORT_STEPS	32

/*
 * Guarded by the BQL.
 *
 * @count: pieces that are held. @at, @done: the current piece and bytes of it that are
 * discarded. @step: bytes in a call of QEMU. @short_steps: calls in a row that took little
 * time. @failure: QEMU could not discard, for messages; kept until somebody wants to try again.
 */
static struct {
	struct qemu_timer timer;
	struct piece piece[MAX_PIECES];
	u32 count;
	u32 at;
	u64 done;
	u64 step;
	u32 short_steps;
	const char *failure;
} slices;

void discard_slices_init(void (*run)(void *opaque))
{
	slices.step = STEP_MAX;
	main_loop_timer_init(&slices.timer, run);
}

void discard_slices_run_in(u64 ns)
{
	main_loop_timer_in(&slices.timer, ns);
}

bool discard_slices_add(const struct piece *piece)
{
	if (slices.count == MAX_PIECES)
		return false;
	qemu.memory_region_ref(piece->region);
	slices.piece[slices.count++] = *piece;
	return true;
}

bool discard_slices_are_empty(void)
{
	return !slices.count;
}

bool discard_slices_are_done(void)
{
	return slices.at == slices.count;
}

void discard_slices_drop(void)
{
	while (slices.count)
		qemu.memory_region_unref(slices.piece[--slices.count].region);
	slices.at = 0;
	slices.done = 0;
}

const char *discard_slices_failure(void)
{
	return slices.failure;
}

void discard_slices_forget_failure(void)
{
	slices.failure = NULL;
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

/* Return: the number of bytes of the current piece that are discarded next. */
static u64 next_step(const struct piece *piece)
{
	u64 page = qemu.qemu_ram_pagesize(piece->ram), left = piece->len - slices.done;
	u64 step = slices.step < page ? page : slices.step;

	return step < left ? step : left;
}

/* On a slow host a step gets shorter, until it takes less than a slice. */
static void adapt(u64 took_us)
{
	slices.short_steps = took_us < SLICE_US / 4 ? slices.short_steps + 1 : 0;
	if (took_us > SLICE_US && slices.step > STEP_MIN)
		slices.step /= 2;
	if (slices.short_steps < SHORT_STEPS || slices.step == STEP_MAX)
		return;
	slices.step *= 2;
	slices.short_steps = 0;
}

static const char *describe_failure(const struct piece *piece, u64 len)
{
	static char text[160];

	snprintf(text, sizeof(text), "QEMU could not discard %llu bytes of memory '%.40s'; see its log, "
		 "then give the command again", (unsigned long long)len,
		 qemu.qemu_ram_get_idstr(piece->ram));
	return text;
}

static bool discard_step(struct discarded *done)
{
	const struct piece *piece = &slices.piece[slices.at];
	u64 start = clock_us(), len = next_step(piece), us;

	if (!is_mapped(piece, slices.done, len))
		return false;
	if (qemu.ram_block_discard_range(piece->ram, piece->offset + slices.done, len)) {
		slices.failure = describe_failure(piece, len);
		return false;
	}
	us = clock_us() - start;
	done->us += us;
	done->bytes += len;
	adapt(us);
	page_map_add(&given_map, piece->gpa + slices.done, len);
	slices.done += len;
	if (slices.done == piece->len) {
		slices.at++;
		slices.done = 0;
	}
	return true;
}

bool discard_slices_run(u64 start, struct discarded *done)
{
	u64 before, after = clock_us();

	*done = (struct discarded){ .bytes = 0 };
	do {
		if (discard_slices_are_done())
			return true;
		before = after;
		if (!discard_step(done))
			return false;
		after = clock_us();
	} while (after - start + (after - before) <= SLICE_US);
	return true;
}
