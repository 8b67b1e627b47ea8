// SPDX-License-Identifier: GPL-2.0
/*
 * One QMP command after another: greeting, answers, events in between, errors by
 * name, and peers that are no QEMU or go away.
 */
/* links: host-agent/cli/qmp/qmp_call.c host-agent/common/qmp_stream.c */
/* links: host-agent/cli/qmp/printable_json.c host-agent/common/printable.c */
/* links: host-agent/common/read_json.c */
/* libs: jansson */
/* flags: -pthread */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "host-agent/cli/qmp/qmp_call.h"
#include "tests/unit/unit.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define MAX_LINES 4

/**
 * struct script - a peer
 * @path:     its socket
 * @listener: listening
 * @line:     what it says: the first at once, each other after a line from us, whose id
 *            stands for each #
 * @thread:   that plays it
 * @caller:   thread that it disturbs with a signal before it answers
 * @disturbs: it does
 */
static struct script {
	char path[64];
	int listener;
	const char *line[MAX_LINES];
	pthread_t thread;
	pthread_t caller;
	bool disturbs;
} peer;

static void say(int fd, const char *line, const char *heard)
{
	json_t *command = json_loads(heard, JSON_DISABLE_EOF_CHECK, NULL);
	json_int_t id = json_integer_value(json_object_get(command, "id"));
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	for (; *line; line++)
		if (*line == '#')
			fprintf(file, "%lld", (long long)id);
		else
			fputc(*line, file);
	fclose(file);
	send(fd, text, len, MSG_NOSIGNAL);
	free(text);
	json_decref(command);
}

static void *play(void *opaque)
{
	int fd = accept(peer.listener, NULL, NULL), i;
	char heard[4096] = "";
	ssize_t got;

	for (i = 0; i < MAX_LINES && peer.line[i]; i++) {
		got = i ? recv(fd, heard, sizeof(heard) - 1, 0) : 0;
		if (i && got <= 0)
			break;
		heard[got] = '\0';
		if (i && peer.disturbs) {
			usleep(50000);
			pthread_kill(peer.caller, SIGUSR1);
			usleep(50000);
		}
		say(fd, peer.line[i], heard);
	}
	close(fd);
	return NULL;
}

static void start(const char *first, const char *second, const char *third)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(peer.path, sizeof(peer.path), "/tmp/freehint-call-%d", getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", peer.path);
	unlink(peer.path);
	peer.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(peer.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(peer.listener, 1), 0);
	peer.line[0] = first;
	peer.line[1] = second;
	peer.line[2] = third;
	assert_int_equal(pthread_create(&peer.thread, NULL, play, NULL), 0);
}

static void finish(struct qmp_call *call)
{
	qmp_call_close(call);
	pthread_join(peer.thread, NULL);
	close(peer.listener);
	unlink(peer.path);
}

static void a_command_is_answered_with_events_in_between(void **state)
{
	struct qmp_call call;
	json_t *answer;

	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"event\": \"STOP\"}\r\n{\"ev"
	      "ent\": \"RESUME\", \"data\": {}}\r\n{\"return\": {\"n\": 5}, \"id\": #}\r\n");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	answer = qmp_call(&call, "some-command", json_pack("{s:i}", "x", 1));
	assert_non_null(answer);
	assert_int_equal(json_integer_value(json_object_get(answer, "n")), 5);
	json_decref(answer);
	finish(&call);
}

/* QEMU sends what it could not send to the client before us, also before the greeting. */
static void an_answer_for_another_client_is_dropped(void **state)
{
	struct qmp_call call;
	json_t *answer;

	start("{\"return\": {}}\r\n{\"error\": {}, \"id\": 7}\r\n" GREETING,
	      "{\"return\": {}}\r\n" GREETING "{\"return\": {}, \"id\": #}\r\n",
	      "{\"return\": {\"n\": 4}, \"id\": 7}\r\n{\"error\": {}}\r\n"
	      "{\"return\": {\"n\": 5}, \"id\": #}\r\n");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	answer = qmp_call(&call, "some-command", NULL);
	assert_int_equal(json_integer_value(json_object_get(answer, "n")), 5);
	json_decref(answer);
	finish(&call);
}

static void on_signal(int signal)
{
}

/* An answer that was given up would be taken for that to the next question. */
static void a_signal_does_not_end_the_wait(void **state)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct qmp_call call;
	json_t *answer;

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	peer.caller = pthread_self();
	peer.disturbs = true;
	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"return\": {\"n\": 5}, \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	answer = qmp_call(&call, "some-command", NULL);
	assert_int_equal(json_integer_value(json_object_get(answer, "n")), 5);
	json_decref(answer);
	finish(&call);
	peer.disturbs = false;
}

static void an_error_is_told_by_name(void **state)
{
	struct qmp_call call;

	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"error\": {\"class\": \"GenericError\", "
	      "\"desc\": \"no such thing\"}, \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	assert_null(qmp_call(&call, "some-command", NULL));
	assert_string_equal(call.error, "some-command: no such thing");
	assert_false(call.absent);
	finish(&call);
}

static void a_command_that_does_not_exist_is_told_apart(void **state)
{
	struct qmp_call call;

	start(GREETING, "{\"return\": {}, \"id\": #}",
	      "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"unknown\"}, \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	assert_null(qmp_call(&call, "some-command", NULL));
	assert_true(call.absent);
	finish(&call);
}

/* Escape sequences, written in both ways that JSON has, and controls of eight bits. */
static void texts_of_the_peer_cannot_command_a_terminal(void **state)
{
	struct qmp_call call;
	json_t *answer;
	char *text;

	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"error\": {\"class\": \"GenericError\", "
	      "\"desc\": \"a\\u001b]0;x\\u0007b\xc2\x9b""2J\\u202e\x7f\xc3\xa9\"}, \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	assert_null(qmp_call(&call, "some-command", NULL));
	assert_string_equal(call.error, "some-command: a?]0;x?b?2J??\xc3\xa9");
	finish(&call);
	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"return\": [{\"k\\u009b\": "
	      "[1, true, null, \"\\u001b[2J\"]}], \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	answer = qmp_call(&call, "some-command", NULL);
	text = json_dumps(answer, JSON_COMPACT);
	assert_string_equal(text, "[{\"k?\":[1,true,null,\"?[2J\"]}]");
	free(text);
	json_decref(answer);
	finish(&call);
}

/* The largest that QEMU has are beyond the integers of the parser. */
static void the_largest_numbers_are_read(void **state)
{
	struct qmp_call call;
	json_t *answer;
	char *text;

	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"return\": {\"n\": 5, \"a\": "
	      "18446744073709551615, \"b\": [9223372036854775808, 9223372036854775807, -1, "
	      "1.5e3], \"18446744073709551615\": \"\\\"9223372036854775808\"}, \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	answer = qmp_call(&call, "some-command", NULL);
	text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"18446744073709551615\":\"\\\"9223372036854775808\",\"a\":-1,"
			    "\"b\":[-9223372036854775808,9223372036854775807,-1,1500.0],\"n\":5}");
	free(text);
	json_decref(answer);
	finish(&call);
}

/* It would be half a minute until the answer was missed. */
static void an_answer_that_cannot_be_read_is_no_silence(void **state)
{
	struct qmp_call call;
	time_t began = time(NULL);

	start(GREETING, "{\"return\": {}, \"id\": #}", "{\"event\": \"E\", \"data\": 1e999}\r\n"
	      "{\"return\": 18446744073709551616, \"id\": #}");
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	assert_null(qmp_call(&call, "some-command", NULL));
	assert_non_null(strstr(call.error, "cannot be read: update freehint"));
	assert_true(call.broken);
	assert_true(call.garbled);
	assert_true(time(NULL) - began < 20);
	finish(&call);
}

static void what_is_no_qemu_is_refused(void **state)
{
	static const char *const first[] = {
		"hello\r\n", "{\"hello\": 1}", "}", "{\"QMP\": ",
	};
	struct qmp_call call;
	size_t i;

	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		start(first[i], NULL, NULL);
		assert_int_not_equal(qmp_call_open(&call, peer.path), 0);
		assert_true(call.error[0]);
		finish(&call);
	}
}

static void a_qemu_that_goes_away_is_noticed(void **state)
{
	struct qmp_call call;

	start(GREETING, "{\"return\": {}, \"id\": #}", NULL);
	assert_int_equal(qmp_call_open(&call, peer.path), 0);
	assert_null(qmp_call(&call, "some-command", NULL));
	assert_non_null(strstr(call.error, "QEMU closed the connection to /"));
	finish(&call);
}

#define TWENTY		"/a/directory/in-path"
#define LONG_PATH	TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY

static void a_socket_that_is_not_there_is_named(void **state)
{
	struct qmp_call call;

	assert_int_equal(qmp_call_open(&call, "/nowhere/qmp"), -ENOENT);
	assert_non_null(strstr(call.error, "/nowhere/qmp: "));
	assert_non_null(strstr(call.error, "; QEMU creates it with -qmp unix:PATH"));
	qmp_call_close(&call);
	assert_int_equal(qmp_call_open(&call, LONG_PATH), -ENAMETOOLONG);
	assert_non_null(strstr(call.error, "... has 120 bytes, a socket's path 107 at most; give a"));
	qmp_call_close(&call);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(a_command_is_answered_with_events_in_between),
		cmocka_unit_test(an_answer_for_another_client_is_dropped),
		cmocka_unit_test(a_signal_does_not_end_the_wait),
		cmocka_unit_test(an_error_is_told_by_name),
		cmocka_unit_test(a_command_that_does_not_exist_is_told_apart),
		cmocka_unit_test(texts_of_the_peer_cannot_command_a_terminal),
		cmocka_unit_test(the_largest_numbers_are_read),
		cmocka_unit_test(an_answer_that_cannot_be_read_is_no_silence),
		cmocka_unit_test(what_is_no_qemu_is_refused),
		cmocka_unit_test(a_qemu_that_goes_away_is_noticed),
		cmocka_unit_test(a_socket_that_is_not_there_is_named),
)
