/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes away from the process what it does not need, in stages. syscall_filter.h has the last.
 */
#ifndef FREEHINT_ISOLATION_H
#define FREEHINT_ISOLATION_H

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

#endif /* FREEHINT_ISOLATION_H */
