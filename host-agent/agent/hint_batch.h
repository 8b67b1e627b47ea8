/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sends the ranges of a round to QEMU in batches: a pool of memfds, the commands getfd and
 * x-freehint-mark-clean, and their replies.
 */
#ifndef FREEHINT_HINT_BATCH_H
#define FREEHINT_HINT_BATCH_H

#include "hint_round.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "qmp_client.h"
#include "stats.h"

/**
 * struct hint_buffer - room for FREEHINT_MAX_RANGES records
 * @fd:      sealed memfd behind @records, -1 before it is created
 * @records: its mapping, shared with QEMU while @busy
 * @busy:    a command that names this buffer has no reply yet; do not write to it
 * @round:   round of that command
 */
struct hint_buffer {
	int fd;
	struct freehint_range *records;
	bool busy;
	u64 round;
};

/**
 * struct hint_batch - the batch being filled, and the pool
 * @buffers: the pool
 * @busy:    number of busy buffers
 * @open:    the buffer being filled, NULL when there is none
 * @count:   records in @open
 * @round:   round that these records belong to
 * @refusals: commands of that round that QEMU refused, except those that came too late
 * @stats:   counters
 */
struct hint_batch {
	struct hint_buffer buffers[FREEHINT_MAX_INFLIGHT];
	unsigned int busy;
	struct hint_buffer *open;
	unsigned int count;
	u64 round;
	unsigned int refusals;
	struct agent_stats *stats;
};

/** hint_batch_init() - create the pool; Return: 0 or negative errno */
int hint_batch_init(struct hint_batch *batch, struct agent_stats *stats);

/** hint_batch_free() - close and unmap the pool */
void hint_batch_free(struct hint_batch *batch);

/**
 * hint_batch_reset() - the connection is gone
 *
 * QEMU does not use any buffer any more: it reads a buffer only while it runs the
 * command, and it runs no command of a connection after it has accepted the next one.
 */
void hint_batch_reset(struct hint_batch *batch);

/**
 * hint_batch_pump() - send the ranges that the round can provide now
 * @batch: batch
 * @round: round, just after hint_round_poll()
 * @qmp:   client in QMP_UP
 *
 * Return: 0, or negative errno when the connection broke.
 */
int hint_batch_pump(struct hint_batch *batch, struct hint_round *round,
		    struct qmp_client *qmp);

/** hint_batch_has_room() - could hint_batch_pump() send another batch now? */
bool hint_batch_has_room(const struct hint_batch *batch);

/**
 * hint_batch_reply() - QEMU answered getfd or mark-clean
 * @batch:   batch
 * @round:   current round; shows whether a command came too late, and is closed after
 *           too many other errors
 * @message: reply or error to one of these two commands
 */
void hint_batch_reply(struct hint_batch *batch, struct hint_round *round,
		      const struct qmp_message *message);

#endif /* FREEHINT_HINT_BATCH_H */
