/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asks now and then, in work that takes long, whether it was cancelled.
 */
#ifndef FREEHINT_CANCEL_POLL_H
#define FREEHINT_CANCEL_POLL_H

#include "../../include/freehint/types.h"
#include "clock.h"

/* Interval at which the migration thread asks while it arms or waits. */
#define CANCEL_POLL_US	100000ULL

/**
 * struct cancel_poll - when to ask next
 * @cancelled: asked whether the work was cancelled; NULL: it never is
 * @next_us:   clock_us() of the next time
 */
struct cancel_poll {
	bool (*cancelled)(void);
	u64 next_us;
};

/** cancel_poll_begin() - the work begins */
static inline struct cancel_poll cancel_poll_begin(bool (*cancelled)(void))
{
	return (struct cancel_poll){ cancelled, clock_us() + CANCEL_POLL_US };
}

/** cancel_poll_is_due() - is it time to ask? */
static inline bool cancel_poll_is_due(const struct cancel_poll *poll)
{
	return poll->cancelled && clock_us() >= poll->next_us;
}

/**
 * cancel_poll_ask() - ask
 *
 * Context: as @cancelled needs it.
 *
 * Return: true if the work was cancelled.
 */
static inline bool cancel_poll_ask(struct cancel_poll *poll)
{
	poll->next_us = clock_us() + CANCEL_POLL_US;
	return poll->cancelled();
}

#endif /* FREEHINT_CANCEL_POLL_H */
