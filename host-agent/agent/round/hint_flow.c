// SPDX-License-Identifier: GPL-2.0
/*
 * Moves ranges from the current round to the batches, and decides when a batch is sent.
 *
 * A full batch is sent at once. A batch that is not full is sent only when no other is in
 * flight; otherwise it waits and grows. So the first ranges of a round leave at once, and
 * batches become larger when QEMU is slow. While all buffers are in flight, nothing is
 * copied from the guest either: that is the flow control.
 *
 * QEMU's queue for the dirty bitmap is limited. Each answer has the room that is left in it.
 * A batch for which there is no room waits until QEMU has applied others.
 */
#include "hint_flow.h"

#include "host-agent/common/clock.h"
#include "include/freehint/limits.h"

int hint_flow_init(struct hint_flow *flow, struct qmp_client *qmp, struct agent_stats *stats)
{
	int ret = hint_round_init(&flow->round, stats);

	if (ret)
		return ret;
	ret = hint_batch_init(&flow->batch, qmp, stats);
	if (ret)
		hint_round_free(&flow->round);
	return ret;
}

void hint_flow_free(struct hint_flow *flow)
{
	hint_batch_free(&flow->batch);
	hint_round_free(&flow->round);
}

/* Move what the round can provide now. A round that is over or faulty provides nothing. */
static void fill(struct hint_flow *flow)
{
	struct hint_batch *batch = &flow->batch;
	unsigned int count;

	hint_batch_start(batch, flow->round.id);
	count = hint_round_fill(&flow->round, hint_batch_tail(batch),
				hint_batch_free_records(batch));
	hint_batch_add(batch, count);
	if (!hint_round_is_active(&flow->round))
		hint_batch_drop(batch);
}

static void flush(struct hint_flow *flow)
{
	struct hint_batch *batch = &flow->batch;

	hint_batch_add(batch, hint_round_flush(&flow->round, hint_batch_tail(batch)));
}

static int send_last(struct hint_flow *flow)
{
	flush(flow);
	hint_round_close(&flow->round);
	return hint_batch_send(&flow->batch, true);
}

/* Nothing is in flight: send also a batch that is not full. */
static int send_rest(struct hint_flow *flow)
{
	flush(flow);
	return hint_batch_is_empty(&flow->batch) ? 0 : hint_batch_send(&flow->batch, false);
}

/*
 * Reporting is off by QEMU's answer. So a round in the region is forged, or QEMU's answer is some
 * milliseconds old. Send little.
 */
static bool is_due(const struct hint_flow *flow)
{
	return !flow->slow || clock_us() - flow->sent_us >= FREEHINT_POLL_IDLE_US;
}

static bool may_send(const struct hint_flow *flow)
{
	return flow->slow ? hint_batch_is_idle(&flow->batch) : hint_batch_has_buffer(&flow->batch);
}

static int send_due(struct hint_flow *flow)
{
	struct hint_batch *batch = &flow->batch;
	int ret = 0;

	while (!ret && may_send(flow)) {
		fill(flow);
		if (!hint_batch_is_within_qemu_room(batch))
			return hint_batch_is_idle(batch) ? hint_batch_ask_qemu_room(batch) : 0;
		if (!hint_batch_free_records(batch))
			ret = hint_batch_send(batch, false);
		else if (hint_round_complete(&flow->round))
			return send_last(flow);
		else
			return hint_batch_is_idle(batch) ? send_rest(flow) : 0;
	}
	return ret;
}

int hint_flow_poll(struct hint_flow *flow)
{
	int ret;

	hint_round_poll(&flow->round);
	if (!is_due(flow))
		return 0;
	ret = send_due(flow);
	if (flow->slow && !hint_batch_is_idle(&flow->batch))
		flow->sent_us = clock_us();
	return ret;
}

bool hint_flow_has_work(const struct hint_flow *flow)
{
	return hint_round_backlog(&flow->round) && may_send(flow) &&
	       hint_batch_is_within_qemu_room(&flow->batch);
}

void hint_flow_reply(struct hint_flow *flow, const struct qmp_message *message)
{
	u64 round = hint_batch_reply(&flow->batch, message);

	if (round == FREEHINT_NO_ROUND)
		return;
	if (message->kind == QMP_MESSAGE_ERROR)
		hint_round_refused(&flow->round, round, message->desc);
	else
		flow->round.stats->taken++;
}
