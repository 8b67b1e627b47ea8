/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Discards pieces of memory in slices of half a millisecond, and drops the BQL in between. Call
 * everything under the BQL, in the main loop unless noted.
 */
#ifndef FREEHINT_DISCARD_SLICES_H
#define FREEHINT_DISCARD_SLICES_H

#include "../core/qemu_abi.h"

/* The least gap between two slices. */
#define DISCARD_SLICES_GAP_NS	50000

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

/**
 * struct discarded - in one slice
 * @bytes: discarded
 * @us:    time in QEMU's discard function
 */
struct discarded {
	u64 bytes;
	u64 us;
};

/**
 * discard_slices_init() - once at load
 * @run: called by the timer; it runs one slice and sets the timer again
 */
void discard_slices_init(void (*run)(void *opaque));

/**
 * discard_slices_add() - add a piece, and reference its region
 *
 * Return: false if there are too many.
 */
bool discard_slices_add(const struct piece *piece);

/** discard_slices_are_empty() - is there no piece? */
bool discard_slices_are_empty(void);

/**
 * discard_slices_drop() - forget all pieces, and drop their references
 *
 * Context: BQL held, QEMU's list of blocks not locked.
 */
void discard_slices_drop(void);

/** discard_slices_run_in() - set the timer */
void discard_slices_run_in(u64 ns);

/**
 * discard_slices_run() - discard until the time of a slice is over, or all is discarded
 * @start: clock_us() when the slice began
 * @done:  filled
 *
 * Return: false if memory is not where it was, or QEMU could not discard it.
 */
bool discard_slices_run(u64 start, struct discarded *done);

/** discard_slices_are_done() - is every piece discarded? */
bool discard_slices_are_done(void);

/** discard_slices_failure() - why QEMU could not discard memory, NULL if it always could */
const char *discard_slices_failure(void);

/** discard_slices_forget_failure() - try again */
void discard_slices_forget_failure(void);

#endif /* FREEHINT_DISCARD_SLICES_H */
