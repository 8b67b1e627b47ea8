// SPDX-License-Identifier: GPL-2.0
/*
 * How often the agent polls the region.
 *
 * A poll of the region costs little, but not nothing, and the guest can write the request
 * line. So the fast poll has two conditions: reporting is on by the request line, and the
 * extension does not report that it is off. An extension that wakes the agent makes polls
 * unnecessary while no round is open and no memory is asked for.
 */
#include "host-agent/common/clock.h"
#include "include/freehint/limits.h"
#include "session.h"

/* The agent polls faster for this long after it saw a round: here latency counts. */
#define EAGER_US		100000ULL
#define EAGER_FACTOR		4

static u64 hint_period(const struct session *session)
{
	const struct hint_round *round = &session->flow.round;

	if (session->reporting_off)
		return FREEHINT_POLL_IDLE_US;
	if (hint_flow_has_work(&session->flow))
		return 0;
	if (round->phase == FREEHINT_PHASE_OFF)
		return FREEHINT_POLL_IDLE_US;
	if ((round->state == HINT_AWAITED || round->state == HINT_FLOWING) &&
	    clock_us() - round->seen_us < EAGER_US)
		return session->conf->poll_us / EAGER_FACTOR;
	return session->conf->poll_us;
}

u64 session_poll_period(const struct session *session)
{
	u64 hints = hint_period(session), offers = FREEHINT_POLL_IDLE_US;

	if (session->answers.now.give_back.asking)
		offers = offer_flow_period(&session->offers,
					   session->answers.now.give_back.drained);
	return offers < hints ? offers : hints;
}

/* Whatever comes next changes the request line, and QEMU wakes the agent then. */
bool session_may_sleep(const struct session *session)
{
	return session->wake.agreed && session->flow.round.phase != FREEHINT_PHASE_ROUND &&
	       !session->answers.now.give_back.asking && !hint_flow_has_work(&session->flow) &&
	       hint_batch_is_idle(&session->flow.batch);
}
