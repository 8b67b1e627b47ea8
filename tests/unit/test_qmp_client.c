// SPDX-License-Identifier: GPL-2.0
/*
 * The QMP client against a peer that says whatever a test makes it say: negotiation,
 * ids, errors, descriptors, and a socket that takes nothing more.
 */
/* links: host-agent/agent/qmp/qmp_client.c host-agent/agent/qmp/qmp_command.c */
/* links: host-agent/common/qmp_stream.c host-agent/common/read_json.c */
/* links: host-agent/common/log.c */
/* links: host-agent/common/printable.c */
/* libs: jansson */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-agent/common/log.h"
#include "host-agent/agent/qmp/qmp_client.h"
#include "tests/unit/unit.h"

#define GREETING	"{\"QMP\": {}}\r\n"
#define TEXT		8192

/**
 * struct rig - both ends of a connection
 * @client:   what is tested
 * @message:  the last one it found
 * @listener: the peer's socket
 * @fd:       the peer's end
 * @got:      descriptor that came along with the last read, or -1
 * @text:     what the client sent, @len bytes
 */
static struct {
	struct qmp_client client;
	struct qmp_message message;
	struct sockaddr_un addr;
	int listener;
	int fd;
	int got;
	char text[TEXT];
	size_t len;
} rig;

static void connect_client(void)
{
	assert_int_equal(qmp_client_connect(&rig.client, rig.addr.sun_path), 0);
	rig.fd = accept(rig.listener, NULL, NULL);
	assert_true(rig.fd >= 0);
}

static int setup(void **state)
{
	log_init(LOG_LEVEL_ERROR);
	memset(&rig, 0, sizeof(rig));
	rig.got = -1;
	rig.addr.sun_family = AF_UNIX;
	snprintf(rig.addr.sun_path, sizeof(rig.addr.sun_path), "/tmp/freehint-client-%d.qmp",
		 getpid());
	rig.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(rig.listener >= 0);
	assert_int_equal(bind(rig.listener, (struct sockaddr *)&rig.addr, sizeof(rig.addr)), 0);
	assert_int_equal(listen(rig.listener, 4), 0);
	assert_int_equal(qmp_client_init(&rig.client), 0);
	rig.client.last_id = 0;
	connect_client();
	return 0;
}

static int teardown(void **state)
{
	qmp_client_free(&rig.client);
	close(rig.fd);
	close(rig.listener);
	if (rig.got >= 0)
		close(rig.got);
	return unlink(rig.addr.sun_path);
}

static void say(const char *text)
{
	assert_int_equal(send(rig.fd, text, strlen(text), 0), strlen(text));
}

/* What the client makes of @text. */
static int hear(const char *text)
{
	int ret;

	say(text);
	ret = qmp_client_transfer(&rig.client);
	return ret ? ret : qmp_client_next(&rig.client, &rig.message);
}

/* Take up to @max bytes that the client sent; they are appended to rig.text. */
static ssize_t take(size_t max)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = rig.text + rig.len, .iov_len = max };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(rig.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got <= 0)
		return got;
	rig.len += (size_t)got;
	rig.text[rig.len] = '\0';
	if (CMSG_FIRSTHDR(&msg)) {
		assert_int_equal(rig.got, -1);
		memcpy(&rig.got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	}
	return got;
}

static void expect_sent(const char *text)
{
	while (take(TEXT - 1 - rig.len) > 0)
		;
	assert_string_equal(rig.text, text);
	rig.len = 0;
	rig.text[0] = '\0';
}

/* The first connection's negotiation has id 1. */
static void negotiate(void)
{
	assert_int_equal(hear(GREETING), 0);
	expect_sent("{\"execute\":\"qmp_capabilities\",\"id\":1,\"arguments\":{}}\n");
	assert_int_equal(hear("{\"return\": {}, \"id\": 1}\r\n"), 1);
	assert_int_equal(rig.message.kind, QMP_MESSAGE_UP);
	assert_int_equal(rig.client.state, QMP_UP);
}

static int ask(void)
{
	return qmp_client_send(&rig.client, QMP_QUERY_STATUS, 5, -1, NULL);
}

static void negotiation_comes_first(void **state)
{
	assert_int_equal(ask(), -ENOTCONN);
	expect_sent("");
	assert_int_equal(hear(GREETING), 0);
	assert_int_equal(ask(), -ENOTCONN);
	assert_int_equal(rig.client.state, QMP_NEGOTIATING);
}

static void events_may_come_before_the_negotiation_ends(void **state)
{
	assert_int_equal(hear("{\"event\": \"RESUME\"}\r\n"), 0);
	assert_int_equal(rig.client.state, QMP_GREETING);
	assert_int_equal(hear(GREETING), 0);
	assert_int_equal(hear("{\"event\": \"STOP\"}"), 1);
	assert_int_equal(rig.message.kind, QMP_MESSAGE_EVENT);
	assert_string_equal(rig.message.name, "STOP");
	assert_null(rig.message.body);
	assert_int_equal(rig.client.state, QMP_NEGOTIATING);
}

static void refused_negotiation_is_no_qmp(void **state)
{
	assert_int_equal(hear(GREETING), 0);
	assert_int_equal(hear("{\"error\": {\"class\": \"X\", \"desc\": \"y\"}, \"id\": 1}"),
			 -EPROTO);
}

static void answers_find_their_question(void **state)
{
	negotiate();
	assert_int_equal(ask(), 0);
	assert_int_equal(qmp_client_send(&rig.client, QMP_QUERY_MIGRATE, 6, -1, NULL), 0);
	expect_sent("{\"execute\":\"query-status\",\"id\":2}\n"
		    "{\"execute\":\"query-migrate\",\"id\":3}\n");
	assert_int_equal(hear("{\"return\": {\"a\": 1}, \"id\": 3}"), 1);
	assert_int_equal(rig.message.kind, QMP_MESSAGE_REPLY);
	assert_int_equal(rig.message.command, QMP_QUERY_MIGRATE);
	assert_int_equal(rig.message.cookie, 6);
	assert_int_equal(json_integer_value(json_object_get(rig.message.body, "a")), 1);
	assert_int_equal(hear("{\"error\": {\"class\": \"C\", \"desc\": \"d\"}, \"id\": 2}"), 1);
	assert_int_equal(rig.message.kind, QMP_MESSAGE_ERROR);
	assert_int_equal(rig.message.command, QMP_QUERY_STATUS);
	assert_string_equal(rig.message.name, "C");
	assert_string_equal(rig.message.desc, "d");
}

static void answers_to_nobody_are_ignored(void **state)
{
	negotiate();
	assert_int_equal(ask(), 0);
	assert_int_equal(hear("{\"return\": 1, \"id\": 0}{\"return\": 1, \"id\": -2}"
			      "{\"return\": 1, \"id\": 3}{\"return\": 1, \"id\": \"2\"}"
			      "{\"return\": 1, \"id\": 2.0}{\"return\": 1}"
			      "{\"return\": 1, \"id\": 9223372036854775807}"
			      "{\"id\": 2}{}"), 0);
	assert_int_equal(hear("{\"return\": 1, \"id\": 2}"), 1);
	assert_int_equal(hear("{\"return\": 1, \"id\": 2}"), 0);
}

static void errors_without_words_have_empty_ones(void **state)
{
	static const char *const errors[] = {
		"{\"error\": {}, \"id\": 2}", "{\"error\": 7, \"id\": 3}",
		"{\"error\": null, \"id\": 4}",
		"{\"error\": {\"class\": 1, \"desc\": []}, \"id\": 5}",
		"{\"error\": {}, \"return\": {}, \"id\": 6}",
	};
	unsigned int i;

	negotiate();
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(ask(), 0);
		assert_int_equal(hear(errors[i]), 1);
		assert_int_equal(rig.message.kind, QMP_MESSAGE_ERROR);
		assert_string_equal(rig.message.name, "");
		assert_string_equal(rig.message.desc, "");
	}
}

static void answers_of_the_connection_before_are_ignored(void **state)
{
	negotiate();
	assert_int_equal(ask(), 0);
	qmp_client_close(&rig.client);
	close(rig.fd);
	connect_client();
	assert_int_equal(hear(GREETING), 0);
	assert_int_equal(hear("{\"return\": {}, \"id\": 2}"), 0);
	assert_int_equal(rig.client.state, QMP_NEGOTIATING);
	assert_int_equal(hear("{\"return\": {}, \"id\": 3}"), 1);
	assert_int_equal(rig.message.kind, QMP_MESSAGE_UP);
}

static void closed_connection_is_told(void **state)
{
	negotiate();
	shutdown(rig.fd, SHUT_RDWR);
	assert_int_equal(qmp_client_transfer(&rig.client), -ECONNRESET);
	assert_int_equal(ask(), -EPIPE);
	qmp_client_close(&rig.client);
	assert_int_equal(ask(), -ENOTCONN);
	qmp_client_close(&rig.client);
}

static void unanswered_commands_are_bounded(void **state)
{
	unsigned int i;

	negotiate();
	for (i = 0; i < QMP_MAX_PENDING; i++)
		assert_int_equal(ask(), 0);
	assert_int_equal(ask(), -EBUSY);
	assert_int_equal(hear("{\"return\": {}, \"id\": 9}"), 1);
	assert_int_equal(ask(), 0);
}

static void long_commands_are_refused_whole(void **state)
{
	negotiate();
	assert_int_equal(qmp_client_send(&rig.client, QMP_GETFD, 0, -1, "{\"fdname\":\"%*d\"}",
					 QMP_LONG_TEXT, 7), -EMSGSIZE);
	assert_int_equal(ask(), 0);
	expect_sent("{\"execute\":\"query-status\",\"id\":2}\n");
}

static void fill_socket(void)
{
	static const char zeros[4096];

	while (send(rig.client.fd, zeros, sizeof(zeros), MSG_DONTWAIT) > 0)
		;
	while (send(rig.client.fd, zeros, 1, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static int discard(void)
{
	return qmp_client_send(&rig.client, QMP_DISCARD, 0, -1, "{\"offer\":%*d}",
			       QMP_LONG_TEXT / 2, 7);
}

/* Short ones go on behind it, and a new connection has room again. */
static void one_long_command_is_sent_at_a_time(void **state)
{
	negotiate();
	assert_int_equal(discard(), 0);
	assert_true(take(TEXT - 1) > QMP_LONG_TEXT / 2);
	rig.len = 0;
	fill_socket();
	assert_int_equal(discard(), 0);
	assert_int_equal(discard(), -EBUSY);
	assert_int_equal(ask(), 0);
	qmp_client_close(&rig.client);
	close(rig.fd);
	connect_client();
	assert_int_equal(hear(GREETING), 0);
	assert_int_equal(hear("{\"return\": {}, \"id\": 5}\r\n"), 1);
	assert_int_equal(discard(), 0);
}

static void drain_socket(void)
{
	char bytes[4096];

	while (recv(rig.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

/* The descriptor travels once, with the first byte of its own command. */
static void full_socket_is_waited_for(void **state)
{
	struct stat mine, theirs;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	negotiate();
	fill_socket();
	assert_int_equal(ask(), 0);
	assert_int_equal(qmp_client_send(&rig.client, QMP_GETFD, 0, fd, "{\"fdname\":\"a\"}"), 0);
	assert_int_equal(qmp_client_mask(&rig.client), POLLIN | POLLOUT);
	assert_int_equal(qmp_client_transfer(&rig.client), 0);
	assert_int_equal(rig.client.queued, 2);
	drain_socket();
	assert_int_equal(qmp_client_transfer(&rig.client), 0);
	assert_int_equal(qmp_client_mask(&rig.client), POLLIN);
	assert_true(take(strlen("{\"execute\":\"query-status\",\"id\":2}\n")) > 0);
	assert_int_equal(rig.got, -1);
	expect_sent("{\"execute\":\"query-status\",\"id\":2}\n"
		    "{\"execute\":\"getfd\",\"id\":3,\"arguments\":{\"fdname\":\"a\"}}\n");
	assert_int_equal(fstat(fd, &mine), 0);
	assert_int_equal(fstat(rig.got, &theirs), 0);
	assert_int_equal(mine.st_rdev, theirs.st_rdev);
	close(fd);
}

/* Return: what ends the reading of @head and @size times @filler. */
static int hear_much(const char *head, char filler, size_t size)
{
	char some[1025];
	int ret;

	memset(some, filler, sizeof(some) - 1);
	some[sizeof(some) - 1] = '\0';
	ret = hear(head);
	for (; !ret && size >= sizeof(some) - 1; size -= sizeof(some) - 1)
		ret = hear(some);
	return ret;
}

static void too_much_is_refused(void **state)
{
	negotiate();
	assert_int_equal(hear_much("{\"event\": \"", 'x', FREEHINT_MAX_QMP_LINE), -EMSGSIZE);
}

static void too_deep_is_refused(void **state)
{
	negotiate();
	assert_int_equal(hear_much("{\"id\": ", '[', 8192), 0);
	assert_int_equal(hear_much("", ']', 8192), 0);
	assert_int_equal(hear("}"), -EPROTO);
}

static void nonsense_is_refused(void **state)
{
	static const char *const texts[] = {
		"x", "]", "{nonsense}", "{\"a\": 1]", "{\"\\ud800\": 1}", "{\"a\": 1e999}",
		"{\"a\": \"\xff\"}",
	};
	unsigned int i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(hear(GREETING), 0);
		assert_int_equal(hear(texts[i]), -EPROTO);
		qmp_client_close(&rig.client);
		close(rig.fd);
		connect_client();
	}
}

RUN_TESTS(NULL, NULL,
		TEST(negotiation_comes_first),
		TEST(events_may_come_before_the_negotiation_ends),
		TEST(refused_negotiation_is_no_qmp),
		TEST(answers_find_their_question),
		TEST(answers_to_nobody_are_ignored),
		TEST(errors_without_words_have_empty_ones),
		TEST(answers_of_the_connection_before_are_ignored),
		TEST(closed_connection_is_told),
		TEST(unanswered_commands_are_bounded),
		TEST(long_commands_are_refused_whole),
		TEST(one_long_command_is_sent_at_a_time),
		TEST(full_socket_is_waited_for),
		TEST(too_much_is_refused),
		TEST(too_deep_is_refused),
		TEST(nonsense_is_refused),
)
