/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes the guest's offers of free blocks from the region, and sends them to QEMU by
 * x-freehint-discard. docs/agent.md describes the steps.
 */
#ifndef FREEHINT_OFFER_FLOW_H
#define FREEHINT_OFFER_FLOW_H

#include "host-agent/agent/qmp/qmp_client.h"
#include "include/freehint/types.h"
#include "proto/host_offer.h"

/**
 * struct offer_stats - counters since the agent started
 * @refused:   offers that QEMU refused for another reason than that they were late
 * @malformed: offers not sent, because of what the guest wrote
 */
struct offer_stats {
	u64 refused;
	u64 malformed;
};

/**
 * struct offer_flow - from the region to QEMU
 * @reader:    the region; its shm is NULL while none is mapped
 * @qmp:       client that sends the offers
 * @stats:     counters
 * @session:   give-back session in the request line at the last poll
 * @handled:   newest offer that needs nothing more, FREEHINT_NO_OFFER at first
 * @in_flight: offer whose command has no reply yet, FREEHINT_NO_OFFER if none
 * @due_us:    the next offer is not looked at before, monotonic microseconds
 * @pause_us:  pause after the next fault or refusal, 0 after an accepted offer
 * @active_us: when the last offer was sent or answered, or a session began
 */
struct offer_flow {
	const struct freehint_reader *reader;
	struct qmp_client *qmp;
	struct offer_stats stats;
	u64 session;
	u64 handled;
	u64 in_flight;
	u64 due_us;
	u64 pause_us;
	u64 active_us;
};

/**
 * offer_flow_init() - no region, no offer, all counters 0
 * @flow:   flow
 * @reader: reader of the region; kept
 * @qmp:    client; kept
 */
void offer_flow_init(struct offer_flow *flow, const struct freehint_reader *reader,
		     struct qmp_client *qmp);

/** offer_flow_detach() - forget the region; an answer from QEMU may still come */
void offer_flow_detach(struct offer_flow *flow);

/** offer_flow_disconnect() - forget the region, and the offer that QEMU did not answer */
void offer_flow_disconnect(struct offer_flow *flow);

/**
 * offer_flow_look() - read the session in the request line
 * @flow: flow with a region
 *
 * Return: true when a session has begun or ended since the last look. The guest can
 * forge it, so ask QEMU.
 */
bool offer_flow_look(struct offer_flow *flow);

/**
 * offer_flow_poll() - send the guest's offer, if there is a new one
 * @flow: flow with a region; its client is in QMP_UP, and QEMU asks for memory
 *
 * Sends one offer at most, and none before the last one was answered and its pause is
 * over. So a flood of offers costs what the polls cost.
 *
 * Return: 0, or negative errno when the connection broke.
 */
int offer_flow_poll(struct offer_flow *flow);

/**
 * offer_flow_period() - when to poll next while QEMU asks for memory
 * @flow:    flow with a region
 * @drained: QEMU reports that the guest has nothing more to offer; it may have later
 *
 * Return: microseconds.
 */
u64 offer_flow_period(const struct offer_flow *flow, bool drained);

/** offer_flow_reply() - handle QEMU's answer to x-freehint-discard */
void offer_flow_reply(struct offer_flow *flow, const struct qmp_message *message);

#endif /* FREEHINT_OFFER_FLOW_H */
