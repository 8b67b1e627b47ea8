/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wakes agents when the request line changes, so that they need not poll while nothing happens.
 */
#ifndef FREEHINT_PEER_WAKE_H
#define FREEHINT_PEER_WAKE_H

#include "../../../include/freehint/types.h"

/**
 * peer_wake_add() - wake this peer, too, until its end of the socket is closed
 * @fd: a socket; closed later, or at once on failure
 *
 * Context: BQL held.
 *
 * Return: 0 or -ENOTSOCK.
 */
int peer_wake_add(int fd);

/** peer_wake() - the request line has changed; never blocks; BQL held */
void peer_wake(void);

#endif /* FREEHINT_PEER_WAKE_H */
