/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent sleeps while reporting is on and nothing happens: QEMU's extension wakes it.
 */
#ifndef FREEHINT_WAKE_H
#define FREEHINT_WAKE_H

#include <stdbool.h>

#include "host-agent/agent/qmp/qmp_client.h"
#include "include/freehint/limits.h"

/* Of the command that passes the socket; those of hint_batch.c are the numbers of its buffers. */
#define WAKE_COOKIE	FREEHINT_MAX_INFLIGHT

/**
 * struct wake - a pair of sockets, made before the sandbox is closed
 * @own:    what the agent waits at
 * @peer:   what QEMU gets a copy of
 * @agreed: QEMU has it and will use it
 */
struct wake {
	int own;
	int peer;
	bool agreed;
};

/** wake_init() - make the sockets; Return: 0 or negative errno */
int wake_init(struct wake *wake);

/** wake_free() - close them */
void wake_free(struct wake *wake);

/**
 * wake_offer() - pass the socket to QEMU, whose extension may not know the command
 *
 * Return: 0, or negative errno when the connection broke.
 */
int wake_offer(struct wake *wake, struct qmp_client *qmp);

/** wake_reply_fd() - handle the answer to QMP_GETFD with WAKE_COOKIE */
void wake_reply_fd(const struct qmp_message *message);

/** wake_reply() - handle the answer to QMP_WAKE */
void wake_reply(struct wake *wake, const struct qmp_message *message);

/** wake_forget() - the agent is detached: it polls until an extension agrees again */
void wake_forget(struct wake *wake);

/** wake_drain() - were we woken? Forgets it; call it before the request line is read */
bool wake_drain(const struct wake *wake);

#endif /* FREEHINT_WAKE_H */
