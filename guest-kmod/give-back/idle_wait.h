/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waits for the host, directly or for a work item that waits for it, in idle sleep: neither
 * the load average nor the hung-task detector counts it.
 */
#ifndef FREEHINT_IDLE_WAIT_H
#define FREEHINT_IDLE_WAIT_H

struct delayed_work;
struct session_pause;

/* A host that has taken an offer and not answered after so many looks, 15 s, is stopped. */
#define IDLE_WAIT_ANSWER	20000U
/* Nobody may be there to take an offer, and an idle guest is not to wake for nothing. */
#define IDLE_WAIT_TAKER		0U

/**
 * idle_wait() - sleep before the next look
 * @looks: looks so far
 * @many:  the sleep is 10 ms after so many; before it grows from 50 to 500 us
 *
 * The first hundred looks take 50 us each, whatever @many is.
 */
void idle_wait(unsigned int looks, unsigned int many);

/**
 * idle_flush_delayed_work() - wait until a work item that was queued is done
 * @work:  work item; one whose timer runs is not waited for
 * @pause: while there is a reason, a work item that does not run yet is cancelled
 *
 * As flush_work(), which sleeps uninterruptibly: a host that is stopped while it holds an
 * offer makes this wait as long as it likes.
 */
void idle_flush_delayed_work(struct delayed_work *work, const struct session_pause *pause);

/**
 * idle_cancel_delayed_work() - as cancel_delayed_work_sync(), in idle sleep
 * @work: work item; the caller has seen to it that it is not queued again
 */
void idle_cancel_delayed_work(struct delayed_work *work);

#endif /* FREEHINT_IDLE_WAIT_H */
