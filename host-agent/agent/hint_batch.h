/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches of ranges on their way to QEMU: a pool of memfds, getfd and
 * x-freehint-mark-clean, replies.
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
 * @fd:      sealed memfd behind @records, -1 before it exists
 * @records: its bytes, shared with QEMU while @busy
 * @busy:    a command that names it has no reply yet; not to be written
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
 * @busy:    how many of them are busy
 * @open:    the buffer being filled, NULL when none
 * @count:   records in it
 * @round:   round they belong to
 * @refusals: commands of that round that QEMU refused, the late ones left out
 * @stats:   counts
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

/** hint_batch_init() - make the pool; Return: 0 or negative errno */
int hint_batch_init(struct hint_batch *batch, struct agent_stats *stats);

/** hint_batch_free() - close and unmap the pool */
void hint_batch_free(struct hint_batch *batch);

/**
 * hint_batch_reset() - the connection is gone
 *
 * QEMU is done with every buffer: it reads them while it runs a command and runs
 * none of a connection once it took the next.
 */
void hint_batch_reset(struct hint_batch *batch);

/**
 * hint_batch_pump() - send what the round has to give
 * @batch: batch
 * @round: round, looked at just now
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
 * @round:   to see whether an error came only too late; closed after too many others
 * @message: reply or error whose command is one of the two
 */
void hint_batch_reply(struct hint_batch *batch, struct hint_round *round,
		      const struct qmp_message *message);

#endif /* FREEHINT_HINT_BATCH_H */
