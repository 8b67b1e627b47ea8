// SPDX-License-Identifier: GPL-2.0
/*
 * Takes the guest's offers of free blocks from the region, and sends them to QEMU.
 *
 * The agent carries an offer and decides nothing: QEMU checks it again, marks it as taken,
 * discards, and answers the guest in the region. An offer that the agent does not send, or
 * sends too late, costs the guest the wait for its own withdrawal.
 *
 * One command is in flight at a time, because the guest has one offer at a time. After an
 * offer that was malformed or refused the next one waits, each time twice as long: an honest
 * guest backs off, too, and a hostile one gets ten commands a second from us, not thousands.
 */
#include "offer_flow.h"

#include <stdio.h>
#include <string.h>

#include "host-agent/common/clock.h"
#include "host-agent/common/log.h"
#include "include/freehint/limits.h"
#include "include/freehint/qmp_names.h"
#include "offer_ranges.h"

/*
 * Poll periods, microseconds: while offers come, and after a while without one. A guest that
 * is drained is polled as if it were not asked: its next offer stands for a second.
 */
#define PERIOD_BUSY_US		250ULL
#define PERIOD_QUIET_US		1000ULL
#define PERIOD_IDLE_US		10000ULL
#define QUIET_AFTER_US		100000ULL
#define IDLE_AFTER_US		1000000ULL

/* Pauses after a malformed or refused offer, microseconds. */
#define PAUSE_MIN_US		1000ULL
#define PAUSE_MAX_US		100000ULL

/* A range as JSON with two numbers of 20 digits and a comma. */
#define RANGE_TEXT		62

void offer_flow_init(struct offer_flow *flow, const struct freehint_reader *reader,
		     struct qmp_client *qmp)
{
	memset(flow, 0, sizeof(*flow));
	flow->reader = reader;
	flow->qmp = qmp;
}

void offer_flow_detach(struct offer_flow *flow)
{
	flow->session = FREEHINT_NO_SESSION;
	flow->handled = FREEHINT_NO_OFFER;
	flow->due_us = 0;
	flow->pause_us = 0;
}

void offer_flow_disconnect(struct offer_flow *flow)
{
	offer_flow_detach(flow);
	flow->in_flight = FREEHINT_NO_OFFER;
}

bool offer_flow_look(struct offer_flow *flow)
{
	u64 before = flow->session;

	flow->session = freehint_read_session(flow->reader);
	if (flow->session != before && flow->session != FREEHINT_NO_SESSION)
		flow->active_us = clock_us();
	return !flow->session != !before;
}

static void pause_flow(struct offer_flow *flow)
{
	flow->pause_us *= 2;
	if (flow->pause_us < PAUSE_MIN_US)
		flow->pause_us = PAUSE_MIN_US;
	if (flow->pause_us > PAUSE_MAX_US)
		flow->pause_us = PAUSE_MAX_US;
	flow->due_us = clock_us() + flow->pause_us;
}

static void drop_malformed(struct offer_flow *flow, const struct freehint_offer *offer)
{
	flow->handled = offer->sequence;
	flow->stats.malformed++;
	pause_flow(flow);
	log_warn_limited("offer %llu of %u blocks is malformed and was not sent to QEMU, update "
			 "freehint.ko in the guest", (unsigned long long)offer->sequence,
			 offer->count);
}

/* QEMU would refuse it: the guest has not seen the end of the last session yet. */
static bool is_of_session(struct offer_flow *flow, const struct freehint_offer *offer)
{
	if (offer->session == flow->session)
		return true;
	/* The session may have changed since offer_flow_look(). */
	return offer->session != FREEHINT_NO_SESSION &&
	       offer->session == freehint_read_session(flow->reader);
}

static size_t put_range(char *text, const struct freehint_range *range, bool first)
{
	int len = snprintf(text, RANGE_TEXT + 1, "%s{\"" FREEHINT_ARG_START "\":%llu,\""
			   FREEHINT_ARG_LENGTH "\":%llu}", first ? "" : ",",
			   (unsigned long long)range->start,
			   (unsigned long long)range->length);

	return len > 0 ? (size_t)len : 0;
}

static int send_offer(struct offer_flow *flow, struct freehint_offer *offer)
{
	struct freehint_range ranges[FREEHINT_OFFER_BLOCKS];
	char text[FREEHINT_OFFER_BLOCKS * RANGE_TEXT + 1] = "";
	unsigned int i, count = offer_ranges(offer, ranges);
	size_t len = 0;
	int ret;

	for (i = 0; i < count; i++)
		len += put_range(text + len, &ranges[i], !i);
	ret = qmp_client_send(flow->qmp, QMP_DISCARD, 0, -1,
			      "{\"" FREEHINT_ARG_OFFER "\":%llu,\"" FREEHINT_ARG_RANGES
			      "\":[%s]}", (unsigned long long)offer->sequence, text);
	if (ret)
		return ret;
	flow->handled = offer->sequence;
	flow->in_flight = offer->sequence;
	flow->active_us = clock_us();
	log_debug_limited("offer %llu of %u blocks sent, %u ranges",
			  (unsigned long long)offer->sequence, offer->count, count);
	return 0;
}

int offer_flow_poll(struct offer_flow *flow)
{
	u64 sequence = freehint_offer_sequence(flow->reader);
	struct freehint_offer offer;
	int ret;

	if (flow->session == FREEHINT_NO_SESSION || flow->in_flight != FREEHINT_NO_OFFER)
		return 0;
	if (sequence == FREEHINT_NO_OFFER || sequence == flow->handled)
		return 0;
	if (clock_us() < flow->due_us)
		return 0;
	ret = freehint_copy_offer(flow->reader, &offer);
	/* It changes at this moment: the next poll looks again. */
	if (ret == -EAGAIN)
		return 0;
	if (ret) {
		drop_malformed(flow, &offer);
		return 0;
	}
	if (is_of_session(flow, &offer))
		return send_offer(flow, &offer);
	flow->handled = offer.sequence;
	return 0;
}

static u64 period_after(u64 quiet_us, bool drained)
{
	if (quiet_us < QUIET_AFTER_US)
		return PERIOD_BUSY_US;
	if (quiet_us < IDLE_AFTER_US)
		return PERIOD_QUIET_US;
	return drained ? FREEHINT_POLL_IDLE_US : PERIOD_IDLE_US;
}

u64 offer_flow_period(const struct offer_flow *flow, bool drained)
{
	u64 now = clock_us(), period = period_after(now - flow->active_us, drained);

	if (flow->session == FREEHINT_NO_SESSION)
		return FREEHINT_POLL_IDLE_US;
	/* In a pause there is nothing to look at before its end. */
	if (flow->due_us > now && flow->due_us - now > period)
		return flow->due_us - now;
	return period;
}

static void count_refusal(struct offer_flow *flow, const char *desc)
{
	if (strstr(desc, FREEHINT_ERR_STALE)) {
		log_debug_limited("offer %llu came too late: %s",
				  (unsigned long long)flow->in_flight, desc);
		return;
	}
	flow->stats.refused++;
	log_warn_limited("QEMU declined offer %llu, the guest keeps its blocks: %s",
			 (unsigned long long)flow->in_flight, desc);
}

void offer_flow_reply(struct offer_flow *flow, const struct qmp_message *message)
{
	if (message->kind == QMP_MESSAGE_ERROR) {
		count_refusal(flow, message->desc);
		pause_flow(flow);
	} else {
		flow->pause_us = 0;
		flow->due_us = 0;
		flow->active_us = clock_us();
	}
	flow->in_flight = FREEHINT_NO_OFFER;
}
