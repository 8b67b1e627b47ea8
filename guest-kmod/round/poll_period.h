/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long the guest's thread sleeps between two looks at the request line. Uses nothing of the
 * kernel, so the unit tests compile this file unchanged.
 */
#ifndef FREEHINT_POLL_PERIOD_H
#define FREEHINT_POLL_PERIOD_H

#include "../../include/freehint/limits.h"
#include "../../include/freehint/shm_layout.h"

/* A request line that did not change for this many seconds is polled more slowly. */
#define POLL_QUIET_SECONDS	10UL
/* While the guest migrates. */
#define POLL_QUIET_US		10000U
/*
 * When nothing migrates, or after this many seconds; even if poll_idle_ms is longer. Also while
 * the host asks for memory: the thread only finds out that a session begins or ends. Offers
 * have a work item of their own.
 */
#define POLL_STALE_SECONDS	300UL
#define POLL_STALE_US		((unsigned int)FREEHINT_POLL_IDLE_US)

/**
 * struct poll_state - what decides when the thread looks again
 * @phase:   enum freehint_phase of the request line
 * @pass:    of the request line
 * @asked:   the host asks for memory
 * @quiet_s: seconds since the line changed
 * @fast_us: module parameter poll_fast_us
 * @idle_us: module parameter poll_idle_ms, microseconds
 */
struct poll_state {
	u32 phase;
	u32 pass;
	bool asked;
	unsigned long quiet_s;
	unsigned int fast_us;
	unsigned int idle_us;
};

/* Return: @us, but no less than @state->fast_us. */
static inline unsigned int poll_no_faster(const struct poll_state *state, unsigned int us)
{
	return us > state->fast_us ? us : state->fast_us;
}

/* Return: the shorter period of a guest that waits for nothing in particular. */
static inline unsigned int poll_stale_us(const struct poll_state *state)
{
	return poll_no_faster(state, state->idle_us < POLL_STALE_US ? state->idle_us :
								      POLL_STALE_US);
}

/**
 * poll_period() - when does the thread look again?
 * @state: what it saw
 *
 * A host that shows the pass of its rounds only makes a guest poll slowly between two.
 *
 * Return: microseconds until the next poll.
 */
static inline unsigned int poll_period(const struct poll_state *state)
{
	bool migrates = state->phase == FREEHINT_PHASE_ROUND || state->pass;

	if (state->phase != FREEHINT_PHASE_READY && state->phase != FREEHINT_PHASE_ROUND)
		return state->asked ? poll_stale_us(state) : state->idle_us;
	if (state->quiet_s < POLL_QUIET_SECONDS)
		return state->fast_us;
	if (migrates && state->quiet_s < POLL_STALE_SECONDS)
		return poll_no_faster(state, POLL_QUIET_US);
	return poll_stale_us(state);
}

#endif /* FREEHINT_POLL_PERIOD_H */
