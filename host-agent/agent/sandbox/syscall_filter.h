/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last stage of isolation.h: the system calls that are left to the agent, and to the process
 * that writes its metrics.
 */
#ifndef FREEHINT_SYSCALL_FILTER_H
#define FREEHINT_SYSCALL_FILTER_H

#include "host-agent/agent/events/event_kind.h"

/**
 * syscall_filter_seal() - last stage of the agent, after everything else was set up
 * @backend: backend of the event loop; the calls of the other one are forbidden
 *
 * From here on only the listed system calls are allowed. Any other call logs its number
 * and ends the process with SIGSYS. Call it before anything that QEMU or the guest wrote
 * is read.
 *
 * Return: 0 or negative errno; the reason was logged.
 */
int syscall_filter_seal(enum event_backend backend);

/** syscall_filter_seal_metrics_writer() - the same for metrics_writer.c, with its own table */
int syscall_filter_seal_metrics_writer(void);

#endif /* FREEHINT_SYSCALL_FILTER_H */
