// SPDX-License-Identifier: GPL-2.0
/*
 * A session without an event loop, a socket and a QEMU, which the input plays.
 *
 * recv(), sendmsg(), connecting, mapping and the output are wrapped by the linker:
 * the session's own code is what is tested, unchanged.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_session.h"

/* The linker's names of what stands in for a function, and of the function. */
ssize_t __wrap_recv(int fd, void *to, size_t size, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
int __wrap_qmp_client_connect(struct qmp_client *client, const char *path);
int __wrap_shm_region_map(struct shm_region *region, const char *path, u64 size);
int __real_shm_region_map(struct shm_region *region, const char *path, u64 size);
void __wrap_log_output(const char *text, size_t len);
__attribute__((format(printf, 2, 3)))
void __wrap_log_line(enum log_level level, const char *fmt, ...);

struct agent_session rig;

/* Run states and migration states, and texts that are none. */
static const char *const states[] = {
	"running", "inmigrate", "active", "completed", "postcopy-active", "none", "failed",
	"cancelled", "", "setup", "postmigrate", "postcopy-paused", "device", "colo", "?",
	"pre-switchover",
};

void event_loop_watch(struct event_loop *loop, enum event_kind kind, int fd,
		      unsigned int mask)
{
	MUST(!loop && fd >= 0 && mask);
	MUST((kind == EVENT_QMP && fd == rig.session.qmp.fd) ||
	     (kind == EVENT_POLL && fd == rig.session.wake.own));
	rig.armed[kind] = true;
}

void event_loop_timer(struct event_loop *loop, enum event_kind kind, u64 usec)
{
	MUST(!loop && kind > EVENT_QMP && kind < EVENT_COUNT);
	MUST(usec <= 10000000);
	rig.armed[kind] = true;
}

void event_loop_cancel(struct event_loop *loop, enum event_kind kind)
{
	MUST(!loop && kind < EVENT_COUNT);
	rig.armed[kind] = false;
}

ssize_t __wrap_recv(int fd, void *to, size_t size, int flags)
{
	size_t some = size < rig.said_len ? size : rig.said_len;

	MUST(fd == rig.session.qmp.fd && flags == MSG_DONTWAIT && size);
	if (!some) {
		errno = EAGAIN;
		return rig.closed ? 0 : -1;
	}
	memcpy(to, rig.said, some);
	memmove(rig.said, rig.said + some, rig.said_len - some);
	rig.said_len -= some;
	return (ssize_t)some;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	size_t len = msg->msg_iov->iov_len;
	const char *text = msg->msg_iov->iov_base;

	MUST(fd == rig.session.qmp.fd && msg->msg_iovlen == 1 && len);
	MUST(flags == (MSG_NOSIGNAL | MSG_DONTWAIT));
	if (rig.narrow) {
		if (--rig.narrow % 2) {
			errno = rig.narrow > 8 ? EPIPE : EAGAIN;
			return -1;
		}
		len = (len + 1) / 2;
	}
	MUST(rig.line_len + len <= sizeof(rig.line));
	memcpy(rig.line + rig.line_len, text, len);
	rig.line_len += len;
	if (rig.line[rig.line_len - 1] == '\n')
		session_check_line();
	return (ssize_t)len;
}

int __wrap_qmp_client_connect(struct qmp_client *client, const char *path)
{
	MUST(client->state == QMP_DOWN && client->fd < 0 && path == rig.conf.qmp);
	if (take8(&rig.in) == 0xff)
		return -ECONNREFUSED;
	client->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	MUST(client->fd >= 0);
	client->state = QMP_GREETING;
	rig.said_len = 0;
	rig.line_len = 0;
	rig.narrow = 0;
	rig.closed = false;
	return 0;
}

/* A page that is touched too early breaks an incoming postcopy. */
int __wrap_shm_region_map(struct shm_region *region, const char *path, u64 size)
{
	const struct session *s = &rig.session;

	MUST(migration_phase_may_map(s->phase) && s->answers.extension && !s->region.base);
	MUST(strcmp(s->answers.runstate, "inmigrate") != 0);
	MUST(s->answers.now.instance && s->answers.now.region_size == size && size);
	MUST(path == rig.conf.shm);
	return __real_shm_region_map(region, path, size);
}

void __wrap_log_output(const char *text, size_t len)
{
	MUST(len && text[len - 1] == '\n' && !memchr(text, '\n', len - 1));
}

/* The text is made, and nobody sees it. */
void __wrap_log_line(enum log_level level, const char *fmt, ...)
{
	char text[512];
	va_list args;

	MUST(level < LOG_LEVEL_COUNT);
	va_start(args, fmt);
	MUST(vsnprintf(text, sizeof(text), fmt, args) > 0);
	va_end(args);
}

bool agent_session_fire(enum event_kind kind)
{
	bool was = rig.armed[kind];

	rig.armed[kind] = false;
	return was;
}

static void say(const char *text, size_t len)
{
	if (rig.session.qmp.fd < 0 || len > sizeof(rig.said) - rig.said_len)
		return;
	memcpy(rig.said + rig.said_len, text, len);
	rig.said_len += len;
}

static void say_text(const char *text)
{
	say(text, strlen(text));
}

void agent_session_say(u8 how)
{
	char bytes[256];
	u8 len;

	switch (how % 4) {
	case 0:
		say_text("{\"QMP\": {}}\r\n{\"return\": {}, \"id\": 1}");
		break;
	case 1:
		say_text("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"active\"}}");
		break;
	case 2:
		say_text("{\"event\": \"STOP\"}{\"return\": 7}{\"error\": []}");
		break;
	default:
		len = take8(&rig.in);
		take(&rig.in, bytes, len);
		say(bytes, len);
		break;
	}
}

/* The answer to x-query-freehint: mostly one that lets the agent go on. */
static json_t *some_status(void)
{
	u8 how = take8(&rig.in);
	json_t *reply = json_pack("{s:s, s:I, s:{s:I}, s:{s:I}}",
		"state", how & 1 ? "off" : "ready",
		"instance", (json_int_t)(how & 2 ? take8(&rig.in) : RIG_INSTANCE),
		"region", "size", (json_int_t)(how & 4 ? take16(&rig.in) : RIG_REGION),
		"counters", "rounds", (json_int_t)(how >> 4));

	if (how & 0x80)
		json_object_set_new(reply, "give-back",
				    json_pack("{s:s, s:b, s:b, s:I}", "mode", "always",
					      "asking", how & 0x40, "drained", how & 0x20,
					      "bytes", (json_int_t)how));
	if (how & 8)
		json_object_set_new(reply, "refused", json_string(states[how >> 4]));
	return reply;
}

static json_t *some_body(enum qmp_command command, u8 how)
{
	switch (command) {
	case QMP_QUERY_STATUS:
	case QMP_QUERY_MIGRATE:
		return json_pack("{s:s, s:i}", "status", states[how % 16], "total-time", 7);
	case QMP_QUERY_FREEHINT:
		return some_status();
	default:
		return json_object();
	}
}

static json_t *some_error(u8 how)
{
	static const char *const classes[] = { "GenericError", "CommandNotFound" };

	return json_pack("{s:s, s:s}", "class", classes[how % 2], "desc",
			 how & 2 ? "round 7 is stale" : "%n%s%s");
}

/* The oldest question first, as QEMU does, or any other. */
static const struct qmp_pending *some_question(u8 how)
{
	const struct qmp_pending *pending = rig.session.qmp.pending, *found = NULL;
	unsigned int i;

	for (i = 0; i < QMP_MAX_PENDING; i++)
		if (pending[i].id && (!found || (how & 0x10 ? pending[i].id > found->id :
							      pending[i].id < found->id)))
			found = &pending[i];
	return found;
}

void agent_session_answer(u8 how)
{
	const struct qmp_pending *question = some_question(how);
	json_t *reply;
	u8 kind = take8(&rig.in);
	char *text;

	if (!question)
		return;
	reply = json_pack("{s:I}", "id", (json_int_t)question->id);
	if (kind >= 0xe0)
		json_object_set_new(reply, "error", some_error(how));
	else
		json_object_set_new(reply, "return", some_body(question->command, kind));
	text = json_dumps(reply, JSON_COMPACT);
	say_text(text);
	free(text);
	json_decref(reply);
	/* Received at once: otherwise the next answer would be to the same question. */
	if (agent_session_fire(EVENT_QMP))
		session_handle_qmp(&rig.session);
}

/* A session, and an offer in it: mostly well-formed blocks. */
static void write_offer(void)
{
	struct freehint_offer *offer = &rig.region->offer;
	u64 word = take16(&rig.in);
	unsigned int i;

	rig.region->give_back_request.session = word & 7;
	offer->session = word & 7;
	offer->count = take8(&rig.in);
	for (i = 0; i < offer->count && i < FREEHINT_OFFER_BLOCKS; i++)
		offer->block[i] = ((word * (i + 1)) % 4096) << 9 | 9ULL << 56;
	if (word & 0x8000)
		offer->block[0] = word * 0x9e3779b97f4a7c15ULL;
	offer->sequence = word;
}

void agent_session_write_region(u8 how)
{
	u8 *bytes = (u8 *)rig.region;

	if ((how & 0x11) == 0x11)
		write_offer();
	else if (how & 1)
		freehint_write_request(rig.region, how & 2 ? 0 : 1000 + take8(&rig.in),
				       how % 4, 1);
	else if (how & 2)
		rig.region->guest_progress.round = rig.region->host_request.round;
	else if (how & 4)
		rig.region->guest_progress.watermark = take16(&rig.in);
	else if (how & 8)
		memset(bytes + FREEHINT_HEADER_SIZE, take8(&rig.in), 4096);
	else
		bytes[take16(&rig.in) % RIG_REGION] = take8(&rig.in);
}

void agent_session_break(u8 how)
{
	if (how & 1)
		rig.closed = true;
	else
		rig.narrow = how / 2;
}

static void make_region(void)
{
	static char path[64];
	int fd = memfd_create("region", MFD_CLOEXEC);

	MUST(fd >= 0 && !ftruncate(fd, RIG_REGION));
	rig.region = mmap(NULL, RIG_REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(rig.region != MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rig.conf.shm = path;
	rig.conf.qmp = "qmp";
	rig.conf.poll_us = 1000;
	log_init(LOG_LEVEL_ERROR);
}

/* Buffers are made once: they are what a run would spend its time with. */
static const struct session *pristine(void)
{
	static struct session session;

	if (!session.conf)
		MUST(!session_init(&session, &rig.conf, NULL, -1));
	/* An input has to mean the same in each run. */
	session.qmp.last_id = 0;
	return &session;
}

void agent_session_start(const u8 *data, size_t size)
{
	u8 how;

	if (!rig.region)
		make_region();
	rig.in = (struct input){ data, size };
	how = take8(&rig.in);
	rig.conf.json = how & 1;
	rig.conf.give_back = how >= 0xf0 ? how / 2 % GIVE_BACK_POLICIES : GIVE_BACK_POLICY_OFF;
	memset(rig.region, 0, RIG_REGION);
	MUST(!freehint_write_host_hello(rig.region, RIG_REGION, RIG_INSTANCE));
	memset(rig.armed, 0, sizeof(rig.armed));
	rig.session = *pristine();
	rig.session.flow.round.stats = &rig.session.stats;
	rig.session.flow.batch.stats = &rig.session.stats;
	rig.session.flow.batch.qmp = &rig.session.qmp;
	rig.session.offers.qmp = &rig.session.qmp;
	rig.session.offers.reader = &rig.session.flow.round.reader;
	rig.session.give_back.qmp = &rig.session.qmp;
	rig.said_len = 0;
	rig.armed[EVENT_RETRY] = true;
}

void agent_session_end(void)
{
	session_detach(&rig.session);
	qmp_client_close(&rig.session.qmp);
	MUST(!rig.session.region.base && !rig.session.qmp.current);
}
