// SPDX-License-Identifier: GPL-2.0
/*
 * Runs one QMP command after another, for tools that may block.
 *
 * The agent has a client of its own, because the agent must never block. Both share the
 * framing (qmp_stream.c).
 *
 * When a connection ends before a command was answered, QEMU may send the answer to the next
 * client of the socket, also before its greeting. So each command has an id, and an answer
 * with another id, or with none, is dropped.
 *
 * The peer chooses its texts, and a terminal obeys some. They are made printable here, before
 * anybody sees them.
 */
#include "qmp_call.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-agent/common/clock.h"
#include "host-agent/common/read_json.h"
#include "include/freehint/limits.h"
#include "printable_json.h"

#define TIMEOUT_S	30
#define TIMEOUT_US	(TIMEOUT_S * 1000000ULL)

/* When the user wants the end, QEMU still has this long for an answer. */
#define PATIENCE_MS	500
#define PATIENCE_US	(PATIENCE_MS * 1000ULL)

#define NO_ANSWER	"QEMU does not answer at %s; does another client use this socket?"
#define CLOSED		"QEMU closed the connection to %s; if it has exited, its log has the reason"
#define GARBLED		"QEMU's answer at %s cannot be read: update freehint"
#define NO_QMP		"the peer at %s does not speak QMP; name the socket of -qmp"

__attribute__((format(printf, 3, 4)))
static int failed(struct qmp_call *call, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->error, sizeof(call->error), fmt, ap);
	va_end(ap);
	return error;
}

static bool is_given_up(const struct qmp_call *call)
{
	return call->give_up && call->give_up();
}

/*
 * QEMU takes one client at a time and queues one or two. Behind them connect() waits, and it has
 * no limit but that of send(). What QEMU does not read is limited, too.
 */
static int limit_waits(const struct qmp_call *call)
{
	struct timeval limit = { .tv_sec = TIMEOUT_S };

	if (is_given_up(call))
		limit = (struct timeval){ .tv_usec = PATIENCE_US };
	return setsockopt(call->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static int connect_fd(const struct qmp_call *call, const struct sockaddr_un *address)
{
	int ret;

	do {
		ret = connect(call->fd, (const struct sockaddr *)address, sizeof(*address));
	} while (ret < 0 && errno == EINTR && !is_given_up(call));
	return ret;
}

static const char *connect_advice(int error)
{
	switch (error) {
	case ENOENT:
		return "; QEMU creates it with -qmp unix:PATH,server=on,wait=off";
	case ECONNREFUSED:
		return "; QEMU has exited, or it is not QEMU's socket";
	case EACCES:
	case EPERM:
		return "; run freehint as QEMU's user";
	default:
		return "";
	}
}

static int connect_to(struct qmp_call *call, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return failed(call, -ENAMETOOLONG, "%.60s... has %zu bytes, a socket's path %zu at "
			      "most; give a shorter one", path, strlen(path),
			      sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (call->fd >= 0 && !limit_waits(call) && !connect_fd(call, &address))
		return 0;
	if (errno == EAGAIN || errno == EINTR)
		return failed(call, -ETIMEDOUT, NO_ANSWER, call->path);
	return failed(call, -errno, "cannot connect to %s: %s%s", path, strerror(errno),
		      connect_advice(errno));
}

/*
 * A signal alone does not end the wait: the answer to the command would be lost. QEMU has to be
 * silent, too, and the user has to want the end. Short waits also notice a signal that came
 * before poll().
 */
static bool wait_readable(const struct qmp_call *call, u64 until)
{
	struct pollfd pfd = { .fd = call->fd, .events = POLLIN };
	u64 began = clock_us(), now = began;
	int ret;

	do {
		if (now >= until)
			return false;
		ret = poll(&pfd, 1, PATIENCE_MS);
		now = clock_us();
		if (ret <= 0 && now - began >= PATIENCE_US && is_given_up(call))
			return false;
	} while (!ret || (ret < 0 && errno == EINTR));
	return ret > 0;
}

static int receive(struct qmp_call *call, u64 until)
{
	ssize_t got;
	size_t room;
	char *at;

	if (!wait_readable(call, until))
		return failed(call, -ETIMEDOUT, NO_ANSWER, call->path);
	at = qmp_stream_room(&call->stream, &room);
	do {
		got = room ? recv(call->fd, at, room, 0) : 0;
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return failed(call, -EPIPE, CLOSED, call->path);
	qmp_stream_filled(&call->stream, (size_t)got);
	return 0;
}

/* No other client of the socket has used it, as far as it depends on us. */
static json_int_t new_id(void)
{
	static u32 count;

	return ((json_int_t)getpid() << 32) + ++count;
}

/* What a terminal may get: the tool prints parts of it. */
static json_t *read_printable(const char *text, size_t len)
{
	json_t *raw = read_json(text, len), *object = printable_json(raw);

	json_decref(raw);
	return object;
}

/* Return: the next object that is not an event, a new reference; NULL on failure. */
static json_t *next_object(struct qmp_call *call, u64 until)
{
	const char *text;
	json_t *object;
	size_t len;
	int ret;

	for (;;) {
		ret = qmp_stream_next(&call->stream, &text, &len);
		if (ret < 0) {
			failed(call, ret, NO_QMP, call->path);
			return NULL;
		}
		if (!ret && receive(call, until))
			return NULL;
		if (!ret)
			continue;
		if (qmp_stream_has_member(text, len, "event"))
			continue;
		object = read_printable(text, len);
		call->garbled = !object;
		if (!object)
			failed(call, -EPROTO, GARBLED, call->path);
		return object;
	}
}

static json_t *next_greeting(struct qmp_call *call)
{
	u64 until = clock_us() + TIMEOUT_US;
	json_t *object = next_object(call, until);

	while (json_object_get(object, "return") || json_object_get(object, "error")) {
		json_decref(object);
		object = next_object(call, until);
	}
	return object;
}

static json_t *next_answer(struct qmp_call *call, json_int_t id)
{
	u64 until = clock_us() + TIMEOUT_US;
	json_t *object = next_object(call, until);

	while (object && json_integer_value(json_object_get(object, "id")) != id) {
		json_decref(object);
		object = next_object(call, until);
	}
	return object;
}

static int transmit(struct qmp_call *call, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	size_t len = text ? strlen(text) + 1 : 0, done = 0;
	ssize_t sent = 0;
	bool late;

	json_decref(object);
	if (text)
		text[len - 1] = '\n';
	while (done < len && sent >= 0) {
		sent = send(call->fd, text + done, len - done, MSG_NOSIGNAL);
		if (sent > 0)
			done += (size_t)sent;
		else if (sent < 0 && errno == EINTR)
			sent = 0;
	}
	late = sent < 0 && errno == EAGAIN;
	free(text);
	if (late)
		return failed(call, -ETIMEDOUT, NO_ANSWER, call->path);
	if (!len || sent < 0)
		return failed(call, -EPIPE, CLOSED, call->path);
	return 0;
}

static void take_error(struct qmp_call *call, const char *command, const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const char *desc = json_string_value(json_object_get(error, "desc"));
	const char *class = json_string_value(json_object_get(error, "class"));

	call->absent = class && !strcmp(class, "CommandNotFound");
	failed(call, 0, "%s: %s", command, desc ? desc : "QEMU gives no reason");
}

/* Without an answer the connection is of no more use: QEMU runs one command after the other. */
static json_t *exchange(struct qmp_call *call, json_t *object)
{
	json_int_t id = new_id();
	json_t *answer;

	json_object_set_new(object, "id", json_integer(id));
	answer = transmit(call, object) ? NULL : next_answer(call, id);

	call->broken = !answer;
	if (answer)
		call->told[0] = '\0';
	return answer;
}

json_t *qmp_call(struct qmp_call *call, const char *command, json_t *args)
{
	json_t *object = json_pack("{s:s}", "execute", command), *answer, *value;

	call->absent = false;
	if (args)
		json_object_set_new(object, "arguments", args);
	if (call->broken) {
		json_decref(object);
		return NULL;
	}
	answer = exchange(call, object);
	if (!answer)
		return NULL;
	value = json_incref(json_object_get(answer, "return"));
	if (!value)
		take_error(call, command, answer);
	json_decref(answer);
	return value;
}

const char *qmp_call_news(struct qmp_call *call)
{
	if (!strcmp(call->told, call->error))
		return NULL;
	memcpy(call->told, call->error, sizeof(call->told));
	return call->error;
}

bool qmp_call_ok(struct qmp_call *call, const char *command, json_t *args)
{
	json_t *answer = qmp_call(call, command, args);

	json_decref(answer);
	return answer;
}

/* After a failure every other command fails at once, for the same reason. */
static bool connect_again(struct qmp_call *call)
{
	unsigned int renewed = call->renewed + 1;
	char told[QMP_CALL_TEXT];

	if (call->gone)
		return false;
	qmp_call_close(call);
	memcpy(told, call->told, sizeof(told));
	call->gone = qmp_call_open_unless(call, call->path, call->give_up);
	call->broken = call->gone;
	call->renewed = renewed;
	/* Negotiation alone does not end a silence. */
	memcpy(call->told, told, sizeof(told));
	return !call->gone;
}

json_t *qmp_call_again(struct qmp_call *call, const char *command, json_t *args)
{
	json_t *answer = qmp_call(call, command, json_incref(args));

	if (!answer && call->broken && connect_again(call))
		answer = qmp_call(call, command, json_incref(args));
	/* QEMU is there, and may say to another command what can be read. */
	call->gone = !answer && call->broken && !call->garbled;
	json_decref(args);
	return answer;
}

bool qmp_call_again_ok(struct qmp_call *call, const char *command, json_t *args)
{
	json_t *answer = qmp_call_again(call, command, args);

	json_decref(answer);
	return answer;
}

static int negotiate(struct qmp_call *call)
{
	json_t *greeting = next_greeting(call), *answer;
	bool good = json_object_get(greeting, "QMP");

	json_decref(greeting);
	if (!greeting)
		return -ETIMEDOUT;
	if (!good)
		return failed(call, -EPROTO, NO_QMP, call->path);
	answer = qmp_call(call, "qmp_capabilities", NULL);
	json_decref(answer);
	return answer ? 0 : -EPROTO;
}

int qmp_call_open_unless(struct qmp_call *call, const char *path, qmp_call_give_up *give_up)
{
	int ret;

	memset(call, 0, sizeof(*call));
	call->path = path;
	call->give_up = give_up;
	call->fd = -1;
	ret = qmp_stream_init(&call->stream, FREEHINT_MAX_QMP_LINE);
	if (ret)
		return failed(call, ret, "no memory for QEMU's answers; free some on this host");
	ret = connect_to(call, path);
	return ret ? ret : negotiate(call);
}

int qmp_call_open(struct qmp_call *call, const char *path)
{
	return qmp_call_open_unless(call, path, NULL);
}

void qmp_call_close(struct qmp_call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	qmp_stream_free(&call->stream);
	call->fd = -1;
}
