/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A QMP client on a unix socket: greeting, capabilities, command ids, replies,
 * events. It never blocks, and allocates memory only to parse a message.
 */
#ifndef FREEHINT_QMP_CLIENT_H
#define FREEHINT_QMP_CLIENT_H

#include <jansson.h>

#include "include/freehint/limits.h"
#include "include/freehint/shm_layout.h"
#include "include/freehint/types.h"
#include "host-agent/common/qmp_stream.h"
#include "qmp_command.h"

/**
 * enum qmp_state - state of the connection
 * @QMP_DOWN:        no socket. Left by qmp_client_connect().
 * @QMP_GREETING:    connected, waits for QEMU's greeting. Nothing is sent.
 * @QMP_NEGOTIATING: qmp_capabilities has no reply yet. Nothing else is sent.
 * @QMP_UP:          commands may be sent.
 *
 * qmp_client_close() changes every state to QMP_DOWN.
 */
enum qmp_state {
	QMP_DOWN,
	QMP_GREETING,
	QMP_NEGOTIATING,
	QMP_UP,
};

/**
 * enum qmp_message_kind - what qmp_client_next() found
 * @QMP_MESSAGE_UP:    commands may be sent now; nothing else is filled
 * @QMP_MESSAGE_REPLY: success; @command, @cookie and @body (may be NULL)
 * @QMP_MESSAGE_ERROR: failure; @command, @cookie, @name (class) and @desc
 * @QMP_MESSAGE_EVENT: @name and @body (data, may be NULL)
 */
enum qmp_message_kind {
	QMP_MESSAGE_UP,
	QMP_MESSAGE_REPLY,
	QMP_MESSAGE_ERROR,
	QMP_MESSAGE_EVENT,
};

/**
 * struct qmp_message - one message from QEMU; pointers are valid until the next call
 * @kind:    kind of message
 * @command: command that it answers
 * @cookie:  number that the sender passed with the command
 * @name:    event name or error class, never NULL for those
 * @desc:    error description, never NULL for an error
 * @body:    return value or event data, borrowed
 */
struct qmp_message {
	enum qmp_message_kind kind;
	enum qmp_command command;
	unsigned int cookie;
	const char *name;
	const char *desc;
	const json_t *body;
};

/*
 * Three queries, the negotiation, give-back, discard, getfd with wake, and getfd with mark-clean
 * for each batch.
 */
#define QMP_MAX_PENDING	(8 + 2 * FREEHINT_MAX_INFLIGHT)

/* Longest command but one: mark-clean with four arguments takes less than 200 bytes. */
#define QMP_MAX_TEXT	256

/* Longest command: discard, with up to 61 bytes for each range. */
#define QMP_LONG_TEXT	(QMP_MAX_TEXT + 64 * FREEHINT_OFFER_BLOCKS)

/**
 * struct qmp_pending - a command without a reply
 * @id:      its id, 0 when the entry is free; no id is used twice
 * @command: the command
 * @cookie:  number for the sender
 */
struct qmp_pending {
	u64 id;
	enum qmp_command command;
	unsigned int cookie;
};

/**
 * struct qmp_outgoing - a command in the send queue
 * @small: room for a short command
 * @text:  bytes to send, in @small or in the client's long_text
 * @len:   number of bytes
 * @fd:    descriptor that is sent with the first byte, or -1; the sender owns it
 */
struct qmp_outgoing {
	char small[QMP_MAX_TEXT];
	const char *text;
	size_t len;
	int fd;
};

/**
 * struct qmp_client - one connection at a time
 * @state:   state of the connection
 * @fd:      socket or -1
 * @last_id: id of the newest command, over all connections
 * @stream:  bytes from QEMU
 * @pending: commands without a reply
 * @queue:   ring of commands to send
 * @head:    oldest command in @queue
 * @queued:  commands in @queue
 * @sent:    bytes of the oldest command that were sent
 * @long_text: room for one long command, QMP_LONG_TEXT bytes
 * @long_queued: a command in @queue uses it
 * @current: JSON object of the last message
 */
struct qmp_client {
	enum qmp_state state;
	int fd;
	u64 last_id;
	struct qmp_stream stream;
	struct qmp_pending pending[QMP_MAX_PENDING];
	struct qmp_outgoing queue[QMP_MAX_PENDING];
	unsigned int head;
	unsigned int queued;
	size_t sent;
	char *long_text;
	bool long_queued;
	json_t *current;
};

/** qmp_client_init() - allocate the buffers; Return: 0 or -ENOMEM */
int qmp_client_init(struct qmp_client *client);

/** qmp_client_free() - close the connection and free everything */
void qmp_client_free(struct qmp_client *client);

/**
 * qmp_client_connect() - connect to QEMU's monitor socket
 * @client: client in QMP_DOWN
 * @path:   path of the socket
 *
 * Return: 0, or negative errno of socket() or connect().
 */
int qmp_client_connect(struct qmp_client *client, const char *path);

/** qmp_client_close() - drop the connection, the send queue and all pending commands */
void qmp_client_close(struct qmp_client *client);

/** qmp_client_mask() - poll mask of the socket: POLLIN, and POLLOUT if commands are queued */
unsigned int qmp_client_mask(const struct qmp_client *client);

/**
 * qmp_client_send() - queue a command and send as much as the socket takes
 * @client:  client in QMP_UP
 * @command: command
 * @cookie:  returned with the reply
 * @fd:      descriptor to pass, or -1; must stay open until the reply
 * @fmt:     the arguments object in JSON, or NULL
 *
 * Return: 0; -EBUSY: too many commands are pending, or a second long one is; -EMSGSIZE:
 * too long; -ENOTCONN; other negative errno when the connection broke.
 */
__attribute__((format(printf, 5, 6)))
int qmp_client_send(struct qmp_client *client, enum qmp_command command,
		    unsigned int cookie, int fd, const char *fmt, ...);

/**
 * qmp_client_transfer() - send what is queued and receive once
 * @client: client
 *
 * Return: 0, -ECONNRESET when QEMU closed the connection, or negative errno.
 */
int qmp_client_transfer(struct qmp_client *client);

/**
 * qmp_client_next() - return the next message that was received
 * @client:  client
 * @message: filled
 *
 * An event that cannot be parsed is dropped.
 *
 * Return: 1: a message; 0: no message is complete; -EPROTO: the peer does not speak
 * QMP; -EMSGSIZE: a message is too long; other negative errno when the connection broke.
 */
int qmp_client_next(struct qmp_client *client, struct qmp_message *message);

/** qmp_client_command_name() - the command as QMP spells it */
const char *qmp_client_command_name(enum qmp_command command);

#endif /* FREEHINT_QMP_CLIENT_H */
