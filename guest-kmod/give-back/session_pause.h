/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why no session of give-back may run now: the guest sleeps, the device is suspended or
 * reset, or all is over. The first reason ends the session before the call returns.
 */
#ifndef FREEHINT_SESSION_PAUSE_H
#define FREEHINT_SESSION_PAUSE_H

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/notifier.h>

/**
 * enum pause_reason - bits of struct session_pause.reasons
 * @PAUSE_ASLEEP: the guest suspends or hibernates; the kernel freezes its passes
 * @PAUSE_DEVICE: the device is suspended, or about to be reset
 * @PAUSE_HALTED: for ever
 */
enum pause_reason {
	PAUSE_ASLEEP = 1,
	PAUSE_DEVICE = 2,
	PAUSE_HALTED = 4,
};

/**
 * struct session_pause - what stands against a session
 * @lock:    one reason at a time comes or goes, and ends the session alone
 * @reasons: enum pause_reason; changes under @lock, read with READ_ONCE()
 * @suspend: sets and clears PAUSE_ASLEEP
 * @stop:    ends the session if there is one; under @lock, sleeps until no block is offered
 * @resume:  a reason is gone; under @lock
 */
struct session_pause {
	struct mutex lock;
	unsigned int reasons;
	struct notifier_block suspend;
	void (*stop)(struct session_pause *pause);
	void (*resume)(struct session_pause *pause);
};

/** session_pause_start() - no reason yet; @stop and @resume are set, and may be called now */
void session_pause_start(struct session_pause *pause);

/**
 * session_pause_stop() - PAUSE_HALTED, and nothing of the kernel's calls us any more
 * @pause: may be stopped already
 */
void session_pause_stop(struct session_pause *pause);

/** session_pause_set() - a reason is there: sleeps until the session has ended */
void session_pause_set(struct session_pause *pause, enum pause_reason reason);

/** session_pause_clear() - a reason is gone */
void session_pause_clear(struct session_pause *pause, enum pause_reason reason);

/** session_is_paused() - Return: true while there is a reason; any context */
static inline bool session_is_paused(const struct session_pause *pause)
{
	return READ_ONCE(pause->reasons);
}

#endif /* FREEHINT_SESSION_PAUSE_H */
