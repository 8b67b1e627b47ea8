/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes away from the process what it does not need, in stages.
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
 * Changes the user and drops every capability. Descriptors that were opened since the first
 * stage stay open.
 *
 * Return: 0 or negative errno; the reason was logged.
 */
int isolation_identity(const char *user);

/**
 * isolation_seal() - last stage, after everything else was set up
 * @backend: backend of the event loop; the calls of the other one are forbidden
 *
 * From here on only the listed system calls are allowed. Any other call logs its number
 * and ends the process with SIGSYS. Call it before anything that QEMU or the guest wrote
 * is read.
 *
 * Return: 0 or negative errno; the reason was logged.
 */
int isolation_seal(enum event_backend backend);

/** isolation_seal_scribe() - the same for the process of scribe.c, with its own table */
int isolation_seal_scribe(void);

#endif /* FREEHINT_ISOLATION_H */
