/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sends the ranges of a round to QEMU in batches: a pool of memfds, the commands getfd and
 * x-freehint-mark-clean, and their replies.
 */
#ifndef FREEHINT_HINT_BATCH_H
#define FREEHINT_HINT_BATCH_H

#include "host-agent/agent/migration/stats.h"
#include "host-agent/agent/qmp/qmp_client.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"

/**
 * struct hint_buffer - room for FREEHINT_MAX_RANGES records
 * @fd:      sealed memfd behind @records, -1 before it is created
 * @records: its mapping, shared with QEMU while @busy
 * @busy:    a command that names this buffer has no reply yet; do not write to it
 * @count:   records that this command names
 * @round:   round of that command
 */
struct hint_buffer {
	int fd;
	struct freehint_range *records;
	bool busy;
	unsigned int count;
	u64 round;
};

/* QEMU has not said yet how many ranges it has room for, or never does. */
#define HINT_ROOM_UNKNOWN	(~0ULL)

/**
 * struct hint_batch - the batch being filled, and the pool
 * @buffers: the pool
 * @in_flight: number of busy buffers
 * @open:    the buffer being filled, NULL when there is none
 * @count:   records in @open
 * @round:   round that these records belong to
 * @qemu_room: ranges that QEMU takes for @round besides those in flight
 * @asked_us: when QEMU was last asked for room, monotonic microseconds
 * @qmp:     client that sends the batches
 * @stats:   counters
 */
struct hint_batch {
	struct hint_buffer buffers[FREEHINT_MAX_INFLIGHT];
	unsigned int in_flight;
	struct hint_buffer *open;
	unsigned int count;
	u64 round;
	u64 qemu_room;
	u64 asked_us;
	struct qmp_client *qmp;
	struct agent_stats *stats;
};

/** hint_batch_init() - create the pool; Return: 0 or negative errno */
int hint_batch_init(struct hint_batch *batch, struct qmp_client *qmp,
		    struct agent_stats *stats);

/** hint_batch_free() - close and unmap the pool */
void hint_batch_free(struct hint_batch *batch);

/**
 * hint_batch_reset() - the connection is gone
 *
 * QEMU does not use any buffer any more: it reads a buffer only while it runs the
 * command, and it runs no command of a connection after it has accepted the next one.
 */
void hint_batch_reset(struct hint_batch *batch);

/** hint_batch_has_buffer() - is there a buffer that QEMU does not have? */
bool hint_batch_has_buffer(const struct hint_batch *batch);

/** hint_batch_is_within_qemu_room() - does QEMU have room for the ranges of the open batch? */
bool hint_batch_is_within_qemu_room(const struct hint_batch *batch);

/** hint_batch_is_idle() - is no batch in flight? */
bool hint_batch_is_idle(const struct hint_batch *batch);

/** hint_batch_is_empty() - is the open batch without ranges? */
bool hint_batch_is_empty(const struct hint_batch *batch);

/**
 * hint_batch_start() - open a batch for @round, unless one is open
 * @batch: batch with a free buffer, see hint_batch_has_buffer()
 * @round: round of the ranges to come; ranges of another round are dropped
 */
void hint_batch_start(struct hint_batch *batch, u64 round);

/** hint_batch_tail() - where to write the next range; a batch is open */
struct freehint_range *hint_batch_tail(struct hint_batch *batch);

/** hint_batch_free_records() - number of ranges that still fit */
unsigned int hint_batch_free_records(const struct hint_batch *batch);

/** hint_batch_add() - @count ranges were written at hint_batch_tail() */
void hint_batch_add(struct hint_batch *batch, unsigned int count);

/** hint_batch_drop() - drop the ranges that were not sent */
void hint_batch_drop(struct hint_batch *batch);

/**
 * hint_batch_send() - send the open batch, even when it is empty
 * @batch: open batch; its client is in QMP_UP
 * @last:  no more ranges of this round follow
 *
 * Return: 0, or negative errno when the connection broke.
 */
int hint_batch_send(struct hint_batch *batch, bool last);

/**
 * hint_batch_ask_qemu_room() - ask QEMU for room
 * @batch: open batch that does not fit; none is in flight
 *
 * Sends a command without ranges. Nothing is sent if QEMU was asked less than a millisecond ago.
 *
 * Return: 0, or negative errno when the connection broke.
 */
int hint_batch_ask_qemu_room(struct hint_batch *batch);

/**
 * hint_batch_reply() - QEMU answered getfd or mark-clean
 * @batch:   batch
 * @message: reply or error to one of these two commands
 *
 * Return: the round of an answered mark-clean, whose buffer is free again;
 * FREEHINT_NO_ROUND for getfd.
 */
u64 hint_batch_reply(struct hint_batch *batch, const struct qmp_message *message);

#endif /* FREEHINT_HINT_BATCH_H */
