/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Taking away from the process what it does not need, in stages.
 */
#ifndef FREEHINT_ISOLATION_H
#define FREEHINT_ISOLATION_H

#include "event_loop.h"

/**
 * isolation_start() - first stage, before anything is opened
 *
 * Closes inherited descriptors above stderr; no core dumps, not traceable, no new
 * privileges.
 *
 * Return: 0 or negative errno; the reason was logged.
 */
int isolation_start(void);

/**
 * isolation_identity() - second stage, after the command line is known
 * @user: user to become, or NULL to stay
 *
 * Changes the user and drops every capability.
 *
 * Return: 0 or negative errno; the reason was logged.
 */
int isolation_identity(const char *user);

/**
 * isolation_seal() - last stage, when all that is set up once is set up
 * @backend: what the event loop waits in; the calls of the other one are forbidden
 *
 * From here on only the listed system calls are allowed; another one ends the
 * process with SIGSYS after a line that names it. Nothing that QEMU or the guest
 * wrote has been read before.
 *
 * Return: 0 or negative errno; the reason was logged.
 */
int isolation_seal(enum event_backend backend);

/** isolation_seal_scribe() - the same for the process of scribe.c, with its own list */
int isolation_seal_scribe(void);

#endif /* FREEHINT_ISOLATION_H */
