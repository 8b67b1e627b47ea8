// SPDX-License-Identifier: GPL-2.0
/*
 * A QMP client on a unix socket: greeting, capabilities, command ids, replies,
 * events.
 *
 * jansson parses the replies. A reply whose id is not pending is ignored: it answers a command
 * that the agent dropped, or a peer that impersonates QEMU sent it.
 */
#include "qmp_client.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-agent/agent/conf/conf.h"
#include "host-agent/common/log.h"
#include "host-agent/common/read_json.h"

const char *qmp_client_command_name(enum qmp_command command)
{
	return qmp_command_names[command];
}

/*
 * jansson's parser writes beyond its buffer when an allocation fails (2.14 ignores the
 * result of strbuffer_append_byte()), so an allocation never returns NULL. After the
 * start only JSON is allocated; an agent without memory for it is useless and exits.
 */
static void *json_malloc(size_t size)
{
	void *memory = malloc(size);

	if (memory)
		return memory;
	log_error("no memory for %zu bytes of a message from QEMU, the agent exits", size);
	exit(AGENT_EXIT_SYSTEM);
}

/*
 * When a client disconnects before its answer, QEMU sends that answer to the next client.
 * So an agent that was started again must not count as the one before did. Without a random
 * number it does, and the first commands may get another's answers.
 */
static u64 first_id(void)
{
	u32 random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		return 0;
	return (u64)random << 24;
}

int qmp_client_init(struct qmp_client *client)
{
	int ret;

	json_set_alloc_funcs(json_malloc, free);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
	client->last_id = first_id();
	client->long_text = malloc(QMP_LONG_TEXT);
	if (!client->long_text)
		return -ENOMEM;
	ret = qmp_stream_init(&client->stream, FREEHINT_MAX_QMP_LINE);
	if (ret)
		free(client->long_text);
	return ret;
}

void qmp_client_free(struct qmp_client *client)
{
	qmp_client_close(client);
	qmp_stream_free(&client->stream);
	free(client->long_text);
	client->long_text = NULL;
}

int qmp_client_connect(struct qmp_client *client, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, ret;

	if (len >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	client->fd = fd;
	client->state = QMP_GREETING;
	return 0;
}

static void drop_current(struct qmp_client *client)
{
	json_decref(client->current);
	client->current = NULL;
}

void qmp_client_close(struct qmp_client *client)
{
	drop_current(client);
	if (client->fd < 0)
		return;
	/* A poll in the ring may hold the file, and close() would not end the connection. */
	shutdown(client->fd, SHUT_RDWR);
	close(client->fd);
	client->fd = -1;
	client->state = QMP_DOWN;
	client->queued = 0;
	client->sent = 0;
	client->long_queued = false;
	memset(client->pending, 0, sizeof(client->pending));
	qmp_stream_reset(&client->stream);
}

unsigned int qmp_client_mask(const struct qmp_client *client)
{
	return POLLIN | (client->queued ? POLLOUT : 0);
}

static ssize_t send_once(struct qmp_client *client, const struct qmp_outgoing *out)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = {
		.iov_base = (char *)out->text + client->sent,
		.iov_len = out->len - client->sent,
	};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (out->fd >= 0 && !client->sent) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &out->fd, sizeof(int));
	}
	return sendmsg(client->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int flush_queue(struct qmp_client *client)
{
	struct qmp_outgoing *out;
	ssize_t done;

	while (client->queued) {
		out = &client->queue[client->head];
		done = send_once(client, out);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? 0 : -errno;
		client->sent += (size_t)done;
		if (client->sent < out->len)
			continue;
		if (out->text == client->long_text)
			client->long_queued = false;
		client->sent = 0;
		client->head = (client->head + 1) % QMP_MAX_PENDING;
		client->queued--;
	}
	return 0;
}

static struct qmp_pending *find_pending(struct qmp_client *client, u64 id)
{
	unsigned int i;

	for (i = 0; i < QMP_MAX_PENDING; i++)
		if (client->pending[i].id == id)
			return &client->pending[i];
	return NULL;
}

/* A command that does not fit into the queue's entry gets the room for the long one. */
__attribute__((format(printf, 5, 0)))
static int write_command(struct qmp_client *client, struct qmp_outgoing *out,
			 enum qmp_command command, u64 id, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	out->text = out->small;
	out->len = qmp_command_format(out->small, QMP_MAX_TEXT, command, id, fmt, args);
	if (out->len >= QMP_MAX_TEXT && !client->long_queued) {
		out->text = client->long_text;
		out->len = qmp_command_format(client->long_text, QMP_LONG_TEXT, command, id,
					      fmt, again);
	}
	va_end(again);
	if (out->len >= QMP_LONG_TEXT)
		return -EMSGSIZE;
	if (out->len >= QMP_MAX_TEXT && out->text == out->small)
		return -EBUSY;
	client->long_queued |= out->text == client->long_text;
	return 0;
}

/* Queue a command in any state: the negotiation uses it, too. */
__attribute__((format(printf, 5, 0)))
static int queue_command(struct qmp_client *client, enum qmp_command command,
			 unsigned int cookie, int fd, const char *fmt, va_list args)
{
	struct qmp_pending *slot = find_pending(client, 0);
	struct qmp_outgoing *out;
	u64 id = client->last_id + 1;
	int ret;

	if (!slot || client->queued == QMP_MAX_PENDING)
		return -EBUSY;
	out = &client->queue[(client->head + client->queued) % QMP_MAX_PENDING];
	ret = write_command(client, out, command, id, fmt, args);
	if (ret)
		return ret;
	out->fd = fd;
	client->queued++;
	client->last_id = id;
	*slot = (struct qmp_pending){ .id = id, .command = command, .cookie = cookie };
	return flush_queue(client);
}

int qmp_client_send(struct qmp_client *client, enum qmp_command command,
		    unsigned int cookie, int fd, const char *fmt, ...)
{
	va_list args;
	int ret;

	if (client->state != QMP_UP)
		return -ENOTCONN;
	va_start(args, fmt);
	ret = queue_command(client, command, cookie, fd, fmt, args);
	va_end(args);
	return ret;
}

__attribute__((format(printf, 2, 3)))
static int negotiate(struct qmp_client *client, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = queue_command(client, QMP_CAPABILITIES, 0, -1, fmt, args);
	va_end(args);
	return ret;
}

int qmp_client_transfer(struct qmp_client *client)
{
	size_t room;
	char *to = qmp_stream_room(&client->stream, &room);
	ssize_t got;
	int ret;

	ret = flush_queue(client);
	if (ret)
		return ret;
	if (!room)
		return 0;
	got = recv(client->fd, to, room, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got)
		return -ECONNRESET;
	qmp_stream_filled(&client->stream, (size_t)got);
	return 0;
}

static int handle_greeting(struct qmp_client *client, const json_t *object)
{
	if (!json_is_object(json_object_get(object, "QMP")))
		return -EPROTO;
	client->state = QMP_NEGOTIATING;
	return negotiate(client, "{}");
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Return: 1: a reply to a pending command; 0: ignored; -EPROTO: negotiation failed. */
static int handle_reply(struct qmp_client *client, const json_t *object,
			struct qmp_message *message)
{
	const json_t *error = json_object_get(object, "error");
	json_int_t id = json_integer_value(json_object_get(object, "id"));
	struct qmp_pending *slot = id > 0 ? find_pending(client, (u64)id) : NULL;

	if (!slot) {
		log_debug_limited("a reply without a pending command was ignored, id %lld",
				  (long long)id);
		return 0;
	}
	message->kind = error ? QMP_MESSAGE_ERROR : QMP_MESSAGE_REPLY;
	message->command = slot->command;
	message->cookie = slot->cookie;
	message->name = string_of(error, "class");
	message->desc = string_of(error, "desc");
	message->body = json_object_get(object, "return");
	slot->id = 0;
	if (client->state != QMP_NEGOTIATING)
		return 1;
	if (error)
		return -EPROTO;
	client->state = QMP_UP;
	message->kind = QMP_MESSAGE_UP;
	return 1;
}

static int handle_object(struct qmp_client *client, const json_t *object,
			 struct qmp_message *message)
{
	const char *event = json_string_value(json_object_get(object, "event"));
	bool is_reply = json_object_get(object, "return") || json_object_get(object, "error");

	/*
	 * Ignored before the greeting: an event of a QEMU that is starting, or an answer to a
	 * client that has gone.
	 */
	if (client->state == QMP_GREETING)
		return event || is_reply ? 0 : handle_greeting(client, object);
	if (event) {
		message->kind = QMP_MESSAGE_EVENT;
		message->name = event;
		message->body = json_object_get(object, "data");
		return 1;
	}
	if (is_reply)
		return handle_reply(client, object, message);
	log_debug_limited("an object that is neither reply nor event was ignored");
	return 0;
}

/*
 * A guest can put a number into an event that is no JSON integer for jansson. The agent needs no
 * such event. An answer must not be lost: the agent would wait for it for ever.
 */
static int handle_odd_text(struct qmp_client *client, const char *text, size_t len,
			   struct qmp_message *message)
{
	if (qmp_stream_has_member(text, len, "event")) {
		log_debug_limited("an event of %zu bytes that cannot be parsed was ignored", len);
		return 0;
	}
	client->current = read_json(text, len);
	return client->current ? handle_object(client, client->current, message) : -EPROTO;
}

int qmp_client_next(struct qmp_client *client, struct qmp_message *message)
{
	const char *text;
	size_t len;
	int ret;

	for (;;) {
		drop_current(client);
		ret = qmp_stream_next(&client->stream, &text, &len);
		if (ret <= 0)
			return ret;
		memset(message, 0, sizeof(*message));
		client->current = json_loadb(text, len, 0, NULL);
		ret = client->current ? handle_object(client, client->current, message) :
					handle_odd_text(client, text, len, message);
		if (ret)
			return ret;
	}
}
