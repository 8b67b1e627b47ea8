/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts how long the extension holds QEMU's big lock: bql-total-us and bql-max-us.
 */
#ifndef FREEHINT_BQL_HOLD_H
#define FREEHINT_BQL_HOLD_H

#include <stdbool.h>

/**
 * struct bql_hold - a stretch of the extension's code with the BQL held
 * @inner: it is part of another one, which counts its time
 */
struct bql_hold {
	bool inner;
};

/**
 * bql_hold_begin() - QEMU has called the extension, or a part of it begins
 *
 * What QEMU calls itself begins one: a notifier, a listener, a handler, a timer, a command.
 *
 * Context: BQL held, as until bql_hold_end() in the same thread.
 */
struct bql_hold bql_hold_begin(void);

/** bql_hold_end() - it is over: count it */
void bql_hold_end(struct bql_hold hold);

/** bql_hold_pause() - the BQL is about to be dropped in a hold: count what was held so far */
void bql_hold_pause(void);

/** bql_hold_resume() - the BQL was taken again */
void bql_hold_resume(void);

#endif /* FREEHINT_BQL_HOLD_H */
