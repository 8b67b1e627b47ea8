/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owns the current round and the batches. Ranges go one way: hint_round reads them from
 * the region, hint_batch sends them to QEMU, and neither uses the other.
 */
#ifndef FREEHINT_HINT_FLOW_H
#define FREEHINT_HINT_FLOW_H

#include "hint_batch.h"
#include "hint_round.h"

/**
 * struct hint_flow - from the region to QEMU
 * @round: source of the ranges
 * @batch: destination of the ranges
 * @slow:  QEMU reports that reporting is off: one batch in each FREEHINT_POLL_IDLE_US
 * @sent_us: when the last of these was sent, monotonic microseconds
 */
struct hint_flow {
	struct hint_round round;
	struct hint_batch batch;
	bool slow;
	u64 sent_us;
};

/**
 * hint_flow_init() - allocate all buffers
 * @flow:  flow
 * @qmp:   client that sends the batches; kept
 * @stats: counters; kept
 *
 * Return: 0 or negative errno.
 */
int hint_flow_init(struct hint_flow *flow, struct qmp_client *qmp, struct agent_stats *stats);

/** hint_flow_free() - free all buffers */
void hint_flow_free(struct hint_flow *flow);

/**
 * hint_flow_poll() - read the region, and send the ranges that are due
 * @flow: flow whose round has a region; its client is in QMP_UP
 *
 * Return: 0, or negative errno when the connection broke.
 */
int hint_flow_poll(struct hint_flow *flow);

/** hint_flow_has_work() - could hint_flow_poll() convert more right now? */
bool hint_flow_has_work(const struct hint_flow *flow);

/**
 * hint_flow_reply() - handle QEMU's answer to getfd or x-freehint-mark-clean
 * @flow:    flow
 * @message: reply or error to one of these two commands
 */
void hint_flow_reply(struct hint_flow *flow, const struct qmp_message *message);

#endif /* FREEHINT_HINT_FLOW_H */
