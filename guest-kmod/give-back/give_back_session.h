/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One session of giving back: registers with page reporting, lets pass follow pass until
 * nothing more is found, and unregisters.
 */
#ifndef FREEHINT_GIVE_BACK_SESSION_H
#define FREEHINT_GIVE_BACK_SESSION_H

#include "give_back_refusal.h"
#include "offer_wait.h"
#include "pace.h"
#include "page_reporter.h"

struct guest_stats;
struct session_pause;

/* Nothing to do until somebody calls: the next look of the kernel's, or a new session. */
#define GIVE_BACK_SESSION_NEVER	MAX_SCHEDULE_TIMEOUT

/**
 * enum pass_end - how a pass ended
 * @PASS_EMPTY:   nothing was found, or as much as the request permits is given back
 * @PASS_AGAIN:   blocks were given back, and there may be more
 * @PASS_CUT:     the session ended, or the device decoded no memory: nobody knows what is free
 * @PASS_REFUSED: the host did not take an offer, or declined it, or the guest ran out of memory
 */
enum pass_end {
	PASS_EMPTY,
	PASS_AGAIN,
	PASS_CUT,
	PASS_REFUSED,
};

/**
 * struct give_back_session - a session and what it needs
 * @stats:    counters for the administrator
 * @pause:    why no session may run now
 * @base:     mapped region
 * @size:     bytes mapped
 * @reporter: page reporting
 * @offer:    offers, and the request of the session
 * @salt:     random, new for each load of the module
 * @state:    counters of this session, or of the last one, for the host
 * @end:      how the pass is about to end; under @reporter.lock
 * @budget:   pages that the pass may give back; under @reporter.lock
 * @pace:     when the next pass may begin
 * @failure:  of the last registration
 */
struct give_back_session {
	struct guest_stats *stats;
	const struct session_pause *pause;
	void *base;
	u64 size;
	struct page_reporter reporter;
	struct offer_wait offer;
	u64 salt;
	struct freehint_give_back_state state;
	enum pass_end end;
	u64 budget;
	struct pace pace;
	struct give_back_failure failure;
};

/**
 * give_back_session_init() - no session yet
 * @session: zero but for @stats, @pause and @reporter.more
 * @dev:     device, for the log
 * @base:    mapped region
 * @size:    bytes mapped
 */
void give_back_session_init(struct give_back_session *session, struct device *dev, void *base,
			    u64 size);

/**
 * give_back_session_serve() - begin the session of the host's, let passes run, or end it
 * @session: session
 * @asked:   the polling thread sees that the host asks
 *
 * One caller at a time. Sleeps.
 *
 * Return: jiffies until the next call, or GIVE_BACK_SESSION_NEVER.
 */
unsigned long give_back_session_serve(struct give_back_session *session, bool asked);

/**
 * give_back_session_end() - end the session, if there is one
 * @session: nobody serves it
 *
 * Sleeps until no block is offered.
 */
void give_back_session_end(struct give_back_session *session);

#endif /* FREEHINT_GIVE_BACK_SESSION_H */
