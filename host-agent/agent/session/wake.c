// SPDX-License-Identifier: GPL-2.0
/*
 * The agent sleeps while reporting is on and nothing happens: QEMU's extension wakes it.
 *
 * Invariant: the extension changes the request line and sends then; the agent receives what
 * there is and reads the line then. So no change is slept through.
 */
#include "wake.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-agent/common/log.h"
#include "include/freehint/qmp_names.h"

/* Not one of hint_batch.c's names. */
#define WAKE_FDNAME	"freehint-wake"

/* Bytes that are received at once. */
#define WAKE_BYTES	256

int wake_init(struct wake *wake)
{
	int pair[2];

	wake->agreed = false;
	wake->own = -1;
	wake->peer = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		return -errno;
	wake->own = pair[0];
	wake->peer = pair[1];
	return 0;
}

void wake_free(struct wake *wake)
{
	close(wake->own);
	close(wake->peer);
}

int wake_offer(struct wake *wake, struct qmp_client *qmp)
{
	int ret;

	wake->agreed = false;
	ret = qmp_client_send(qmp, QMP_GETFD, WAKE_COOKIE, wake->peer,
			      "{\"" FREEHINT_ARG_FDNAME "\":\"" WAKE_FDNAME "\"}");
	if (ret)
		return ret;
	return qmp_client_send(qmp, QMP_WAKE, 0, -1,
			       "{\"" FREEHINT_ARG_FDNAME "\":\"" WAKE_FDNAME "\"}");
}

/* The answer to QMP_WAKE decides; this one has the reason. */
void wake_reply_fd(const struct qmp_message *message)
{
	if (message->kind == QMP_MESSAGE_ERROR)
		log_warn("QEMU refused the socket that wakes the agent, which polls: %s",
			 message->desc);
}

void wake_reply(struct wake *wake, const struct qmp_message *message)
{
	wake->agreed = message->kind != QMP_MESSAGE_ERROR;
	if (!wake->agreed)
		log_debug("QEMU does not wake the agent, which polls: %s", message->desc);
}

void wake_forget(struct wake *wake)
{
	wake->agreed = false;
}

bool wake_drain(const struct wake *wake)
{
	char bytes[WAKE_BYTES];
	bool woken = false;
	ssize_t got;

	do {
		got = read(wake->own, bytes, sizeof(bytes));
		woken |= got > 0;
	} while (got == sizeof(bytes));
	return woken;
}
