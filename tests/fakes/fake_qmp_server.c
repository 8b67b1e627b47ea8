// SPDX-License-Identifier: GPL-2.0
/*
 * A QMP server that plays a QEMU with the extension.
 */
#include "fake_qmp_server.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"

int fake_qmp_listen(struct fake_qmp *server, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int i;

	memset(server, 0, sizeof(*server));
	server->fd = -1;
	server->passed = -1;
	server->wake = -1;
	for (i = 0; i < FAKE_QMP_FDS; i++)
		server->fds[i] = -1;
	server->runstate = "running";
	server->state = "ready";
	server->mode = "off";
	server->paused = "";
	server->back_refused = "";
	server->greeting = GREETING;
	snprintf(server->path, sizeof(server->path), "%s", path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	unlink(path);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0)
		return -errno;
	if (bind(server->listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(server->listener, 1))
		return -errno;
	return 0;
}

void fake_qmp_hang_up(struct fake_qmp *server)
{
	int i;

	for (i = 0; i < FAKE_QMP_FDS; i++) {
		if (server->fds[i] >= 0)
			close(server->fds[i]);
		server->fds[i] = -1;
	}
	if (server->wake >= 0)
		close(server->wake);
	server->wake = -1;
	if (server->passed >= 0)
		close(server->passed);
	server->passed = -1;
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
	server->used = 0;
}

void fake_qmp_close(struct fake_qmp *server)
{
	fake_qmp_hang_up(server);
	close(server->listener);
	unlink(server->path);
}

void fake_qmp_send(struct fake_qmp *server, const char *text)
{
	size_t step, len = strlen(text);

	for (; len && server->fd >= 0; text += step, len -= step) {
		step = server->crumbs ? 1 : len;
		if (send(server->fd, text, step, MSG_NOSIGNAL) < 0)
			fake_qmp_hang_up(server);
	}
}

void fake_qmp_sendf(struct fake_qmp *server, const char *fmt, ...)
{
	char text[FAKE_QMP_BUFFER];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fake_qmp_send(server, text);
}

/* Answer with @body under @key ("return" or "error"); takes @body. */
static void answer(struct fake_qmp *server, const json_t *command, const char *key,
		   json_t *body)
{
	json_t *id = json_object_get(command, "id");
	json_t *reply = json_object();
	char *text;

	json_object_set_new(reply, key, body);
	if (id)
		json_object_set(reply, "id", id);
	text = json_dumps(reply, JSON_COMPACT);
	fake_qmp_send(server, text);
	fake_qmp_send(server, "\r\n");
	free(text);
	json_decref(reply);
}

static void refuse(struct fake_qmp *server, const json_t *command, const char *class,
		   const char *desc)
{
	answer(server, command, "error", json_pack("{s:s, s:s}", "class", class,
						   "desc", desc));
}

static void query_freehint(struct fake_qmp *server, const json_t *command)
{
	json_t *reply;

	server->queries++;
	if (server->bare) {
		refuse(server, command, "CommandNotFound", "no such command");
		return;
	}
	reply = json_pack("{s:s, s:I, s:{s:I}, s:{s:b, s:s*}, s:{s:I, s:I, s:I}}",
			  "state", server->state,
			  "instance", (json_int_t)server->instance,
			  "region", "size", (json_int_t)server->size,
			  "guest", "present", !server->guest_left,
			  "give-back", server->guest_left ? NULL : "possible",
			  "counters", "rounds", (json_int_t)server->lasts,
			  "pages-accepted", (json_int_t)server->count,
			  "bytes-skipped", (json_int_t)server->count * 4096);
	if (server->refuses)
		json_object_set_new(reply, "refused", json_string(server->refuses));
	if (server->can_give_back)
		json_object_set_new(reply, "give-back",
				    json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:s, s:s}",
					      "mode", server->mode,
					      "asking", server->asking,
					      "drained", server->drained,
					      "order", (json_int_t)server->order,
					      "leave", (json_int_t)server->leaves,
					      "bytes", (json_int_t)server->bytes,
					      "resident", (json_int_t)server->resident,
					      "paused", server->paused,
					      "refused", server->back_refused));
	answer(server, command, "return", reply);
}

static void give_back(struct fake_qmp *server, const json_t *command, const json_t *args)
{
	static const char *const modes[] = { "off", "once", "always" };
	const char *mode = json_string_value(json_object_get(args, "mode"));
	size_t i;

	server->give_backs++;
	server->leave = (u64)json_integer_value(json_object_get(args, "leave"));
	/* Switching off is never refused. */
	if (server->give_back_refusal && mode && strcmp(mode, "off") != 0) {
		refuse(server, command, "GenericError", server->give_back_refusal);
		return;
	}
	for (i = 0; i < 3; i++)
		if (mode && !strcmp(mode, modes[i]))
			server->mode = modes[i];
	server->asking = strcmp(server->mode, "off") != 0;
	answer(server, command, "return", json_object());
}

static void discard(struct fake_qmp *server, const json_t *command, const json_t *args)
{
	const json_t *ranges = json_object_get(args, "ranges"), *range;
	size_t i;

	server->discards++;
	server->offer = (u64)json_integer_value(json_object_get(args, "offer"));
	server->discard_count = (unsigned int)json_array_size(ranges);
	json_array_foreach(ranges, i, range)
		if (i < FREEHINT_OFFER_BLOCKS)
			server->discarded[i] = (struct freehint_range){
				(u64)json_integer_value(json_object_get(range, "start")),
				(u64)json_integer_value(json_object_get(range, "length")),
			};
	if (server->discard_refusal)
		refuse(server, command, "GenericError", server->discard_refusal);
	else
		answer(server, command, "return", json_object());
}

static int slot_of(const json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "fdname"));

	return name ? atoi(name + strlen("freehint-")) % FAKE_QMP_FDS : 0;
}

static void getfd(struct fake_qmp *server, const json_t *command, const json_t *args)
{
	int slot = slot_of(args);

	if (server->passed < 0) {
		refuse(server, command, "GenericError", "no descriptor came along");
		return;
	}
	if (server->fds[slot] >= 0)
		close(server->fds[slot]);
	server->fds[slot] = server->passed;
	server->passed = -1;
	answer(server, command, "return", json_object());
}

static void take_wake(struct fake_qmp *server, const json_t *command, const json_t *args)
{
	int slot = slot_of(args);

	if (server->wake >= 0)
		close(server->wake);
	server->wake = server->fds[slot];
	server->fds[slot] = -1;
	answer(server, command, "return", json_object());
}

static bool take_ranges(struct fake_qmp *server, const json_t *args)
{
	json_int_t count = json_integer_value(json_object_get(args, "count"));
	size_t bytes = (size_t)count * sizeof(struct freehint_range);
	int slot = slot_of(args);
	ssize_t got;

	if (server->fds[slot] < 0 || server->count + (size_t)count > FAKE_QMP_RANGES)
		return false;
	got = pread(server->fds[slot], server->ranges + server->count, bytes, 0);
	close(server->fds[slot]);
	server->fds[slot] = -1;
	if (got != (ssize_t)bytes)
		return false;
	server->count += (unsigned int)count;
	return true;
}

static void mark_clean(struct fake_qmp *server, const json_t *command, const json_t *args)
{
	if (server->refusal || !take_ranges(server, args)) {
		server->refused++;
		refuse(server, command, "GenericError",
		       server->refusal ? server->refusal : "bad ranges");
		return;
	}
	server->marks++;
	server->round = (u64)json_integer_value(json_object_get(args, "round"));
	if (json_is_true(json_object_get(args, "last")))
		server->lasts++;
	answer(server, command, "return", json_object());
}

static void execute(struct fake_qmp *server, const json_t *command)
{
	const char *name = json_string_value(json_object_get(command, "execute"));
	const json_t *args = json_object_get(command, "arguments");

	server->commands++;
	if (server->meddle &&
	    server->meddle(server, name, json_integer_value(json_object_get(command, "id"))))
		return;
	if (!strcmp(name, "qmp_capabilities"))
		answer(server, command, "return", json_object());
	else if (server->mute)
		return;
	else if (!strcmp(name, "query-status"))
		answer(server, command, "return",
		       json_pack("{s:s}", "status", server->runstate));
	else if (!strcmp(name, "query-migrate"))
		answer(server, command, "return", server->status ?
		       json_pack("{s:s, s:i}", "status", server->status,
				 "total-time", server->timeless ? 0 : 1500) : json_object());
	else if (!strcmp(name, FREEHINT_QMP_QUERY))
		query_freehint(server, command);
	else if (!strcmp(name, "getfd"))
		getfd(server, command, args);
	else if (!strcmp(name, FREEHINT_QMP_MARK))
		mark_clean(server, command, args);
	else if (server->can_give_back && !strcmp(name, FREEHINT_QMP_GIVE_BACK))
		give_back(server, command, args);
	else if (server->can_give_back && !strcmp(name, FREEHINT_QMP_DISCARD))
		discard(server, command, args);
	else if (server->can_wake && !strcmp(name, FREEHINT_QMP_WAKE))
		take_wake(server, command, args);
	else
		refuse(server, command, "CommandNotFound", name);
}

/* The agent sends one command a line. */
static void take_lines(struct fake_qmp *server)
{
	json_t *command;
	size_t len;
	char *end;

	while ((end = memchr(server->buffer, '\n', server->used))) {
		len = (size_t)(end - server->buffer) + 1;
		command = json_loadb(server->buffer, len, 0, NULL);
		if (command)
			execute(server, command);
		json_decref(command);
		if (server->fd < 0)
			return;
		memmove(server->buffer, server->buffer + len, server->used - len);
		server->used -= len;
	}
}

static void take_fd(struct fake_qmp *server, struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	if (server->passed >= 0)
		close(server->passed);
	memcpy(&server->passed, CMSG_DATA(cmsg), sizeof(int));
}

/* One line at most, like QEMU: a descriptor must be taken before the next comes. */
static void receive(struct fake_qmp *server)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = server->buffer + server->used, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(server->fd, &msg, MSG_CMSG_CLOEXEC);

	if (got <= 0 || server->used == FAKE_QMP_BUFFER - 1) {
		fake_qmp_hang_up(server);
		return;
	}
	take_fd(server, &msg);
	server->used += (size_t)got;
	if (server->buffer[server->used - 1] == '\n')
		take_lines(server);
}

static void accept_one(struct fake_qmp *server)
{
	server->fd = accept(server->listener, NULL, NULL);
	if (server->fd < 0)
		return;
	server->connections++;
	fake_qmp_send(server, server->greeting);
}

static u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000 + (u64)now.tv_nsec / 1000000;
}

bool fake_qmp_serve(struct fake_qmp *server, bool (*done)(struct fake_qmp *server),
		    unsigned int ms)
{
	u64 end = now_ms() + ms;
	struct pollfd pfd = { .events = POLLIN };

	while (!done(server) && now_ms() < end) {
		pfd.fd = server->fd < 0 ? server->listener : server->fd;
		if (poll(&pfd, 1, 1) <= 0)
			continue;
		if (server->fd < 0)
			accept_one(server);
		else
			receive(server);
	}
	return done(server);
}
