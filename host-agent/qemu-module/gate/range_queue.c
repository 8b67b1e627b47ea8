// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges that wait for the apply thread: a ring, whose room is used again as ranges are taken.
 * The round gate's lock guards it.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../../include/freehint/shm_layout.h"
#include "range_queue.h"

int range_queue_init(struct range_queue *queue)
{
	/* Pages are allocated on first use: this costs address space, not memory. */
	queue->slot = malloc(FREEHINT_MAX_QUEUED * sizeof(*queue->slot));
	return queue->slot ? 0 : -ENOMEM;
}

bool range_queue_is_empty(const struct range_queue *queue)
{
	return queue->head == queue->tail;
}

u32 range_queue_room(const struct range_queue *queue)
{
	return FREEHINT_MAX_QUEUED - (u32)(queue->tail - queue->head);
}

static struct gate_range *range_queue_slot(const struct range_queue *queue, u64 index)
{
	return &queue->slot[index % FREEHINT_MAX_QUEUED];
}

void range_queue_add(struct range_queue *queue, u64 round, const struct gate_range *range,
		     u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		*range_queue_slot(queue, queue->tail) = range[i];
		range_queue_slot(queue, queue->tail++)->round = round;
	}
}

/* Take the first @most bytes of what waits; the rest of a longer range keeps its slot. */
static struct gate_range range_queue_take_one(struct range_queue *queue, u64 most)
{
	struct gate_range *first = range_queue_slot(queue, queue->head);
	struct gate_range part = *first;

	if (first->len <= most) {
		queue->head++;
		return part;
	}
	part.len = most;
	first->hva = (u8 *)first->hva + most;
	first->gpa += most;
	first->len -= most;
	return part;
}

void range_queue_take(struct range_queue *queue, struct range_batch *batch)
{
	u64 left = FREEHINT_APPLY_BYTES;
	struct gate_range *next;

	batch->count = 0;
	while (left && !range_queue_is_empty(queue) && batch->count < FREEHINT_APPLY_RANGES) {
		next = &batch->range[batch->count++];
		*next = range_queue_take_one(queue, left);
		left -= next->len;
	}
}

u64 range_queue_drop(struct range_queue *queue)
{
	u64 pages = 0;

	while (!range_queue_is_empty(queue))
		pages += range_queue_slot(queue, queue->head++)->len >> FREEHINT_PAGE_SHIFT;
	return pages;
}

void range_queue_restart(struct range_queue *queue)
{
	queue->head = 0;
	queue->tail = 0;
}

struct range_result range_batch_apply(const struct range_batch *batch, const u64 *live, u64 round,
				      u64 (*apply)(const struct gate_range *range))
{
	struct range_result done = { 0 };
	u64 pages;
	u32 i;

	for (i = 0; i < batch->count; i++) {
		pages = batch->range[i].len >> FREEHINT_PAGE_SHIFT;
		if (__atomic_load_n(live, __ATOMIC_SEQ_CST) != round) {
			done.late += pages;
			continue;
		}
		done.cleared += apply(&batch->range[i]);
		done.pages += pages;
	}
	return done;
}
