/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges that wait for the apply thread: a ring, whose room is used again as ranges are taken.
 * The round gate's lock guards it.
 */
#ifndef FREEHINT_RANGE_QUEUE_H
#define FREEHINT_RANGE_QUEUE_H

#include <stdbool.h>

#include "../../../include/freehint/limits.h"
#include "../../../include/freehint/types.h"

/**
 * struct gate_range - a range to clear in the dirty bitmap
 * @hva: host address, page aligned
 * @len: bytes, a multiple of the page size
 * @gpa: guest physical address of the range; used only for the map of hinted pages
 * @round: round id given to gate_queue(); used only for the audit
 */
struct gate_range {
	void *hva;
	u64 len;
	u64 gpa;
	u64 round;
};

/**
 * struct range_batch - ranges that were taken from the queue; they belong to the apply thread
 * @range: at most FREEHINT_APPLY_RANGES ranges, together at most FREEHINT_APPLY_BYTES. The last may
 *         be the head of a longer range, whose rest stays at the head of the queue
 * @count: number of ranges
 */
struct range_batch {
	struct gate_range range[FREEHINT_APPLY_RANGES];
	u32 count;
};

/**
 * struct range_result - what became of a batch
 * @pages:   pages that were applied
 * @cleared: of them, pages that were dirty
 * @late:    pages whose round was closed first
 */
struct range_result {
	u64 pages;
	u64 cleared;
	u64 late;
};

/**
 * struct range_queue - the ring
 * @slot: FREEHINT_MAX_QUEUED ranges
 * @head: ranges that were taken so far
 * @tail: ranges that were added so far
 */
struct range_queue {
	struct gate_range *slot;
	u64 head;
	u64 tail;
};

/** range_queue_init() - allocate the ring; Return: 0 or -ENOMEM */
int range_queue_init(struct range_queue *queue);

/** range_queue_is_empty() - does no range wait? */
bool range_queue_is_empty(const struct range_queue *queue);

/** range_queue_room() - number of ranges that can be added */
u32 range_queue_room(const struct range_queue *queue);

/** range_queue_add() - add @count ranges of @round; there is room for them */
void range_queue_add(struct range_queue *queue, u64 round, const struct gate_range *range,
		     u32 count);

/**
 * range_queue_take() - take the next batch
 * @queue: queue
 * @batch: filled
 *
 * Bounded so that a wait sees progress often. After a close at most the one call in flight is
 * finished.
 */
void range_queue_take(struct range_queue *queue, struct range_batch *batch);

/** range_queue_drop() - forget what waits; Return: its pages */
u64 range_queue_drop(struct range_queue *queue);

/**
 * range_queue_restart() - drop what waits and begin with the first slot
 *
 * Small rounds then use the same few pages of memory again and again. Nobody may be waiting for
 * @head and @tail to move.
 */
void range_queue_restart(struct range_queue *queue);

/**
 * range_batch_apply() - apply a batch, as long as its round is open
 * @batch: batch
 * @live:  id of the open round; another thread may change it at any time
 * @round: id of the round that the batch belongs to
 * @apply: clears one range in QEMU's dirty bitmap, in one call, and returns how many of its pages
 *         were dirty
 *
 * Context: apply thread, without the gate's lock. Whoever changes *@live waits for the return.
 */
struct range_result range_batch_apply(const struct range_batch *batch, const u64 *live, u64 round,
				      u64 (*apply)(const struct gate_range *range));

#endif /* FREEHINT_RANGE_QUEUE_H */
