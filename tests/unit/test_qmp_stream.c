// SPDX-License-Identifier: GPL-2.0
/*
 * Framing of the QMP byte stream: the same objects come out wherever the bytes are
 * split; garbage and overlong objects are errors.
 */
/* links: host-agent/common/qmp_stream.c */
#include "host-agent/common/qmp_stream.h"
#include "tests/unit/unit.h"

#define SIZE	64

static const char input[] =
	"{\"QMP\": {\"a\": [1, 2]}}\r\n"
	"{\n  \"pretty\": \"on\"\n}\n"
	"{\"s\": \"}]{[\\\"\\\\\"}{\"t\": \"\\\\\"}\r\n";

static const char *const objects[] = {
	"{\"QMP\": {\"a\": [1, 2]}}",
	"{\n  \"pretty\": \"on\"\n}",
	"{\"s\": \"}]{[\\\"\\\\\"}",
	"{\"t\": \"\\\\\"}",
};

#define OBJECTS	(sizeof(objects) / sizeof(objects[0]))

static void feed(struct qmp_stream *stream, const char *bytes, size_t len)
{
	size_t room;
	char *to = qmp_stream_room(stream, &room);

	assert_true(len <= room);
	memcpy(to, bytes, len);
	qmp_stream_filled(stream, len);
}

static void take(struct qmp_stream *stream, unsigned int *seen)
{
	const char *object;
	size_t len;

	while (qmp_stream_next(stream, &object, &len) == 1) {
		assert_true(*seen < OBJECTS);
		assert_int_equal(len, strlen(objects[*seen]));
		assert_memory_equal(object, objects[*seen], len);
		(*seen)++;
	}
}

static void every_split_gives_the_same_objects(void **state)
{
	const size_t len = sizeof(input) - 1;
	struct qmp_stream stream;
	unsigned int seen;
	size_t a, b;

	assert_int_equal(qmp_stream_init(&stream, SIZE * 4), 0);
	for (a = 0; a <= len; a++) {
		for (b = a; b <= len; b++) {
			qmp_stream_reset(&stream);
			seen = 0;
			feed(&stream, input, a);
			take(&stream, &seen);
			feed(&stream, input + a, b - a);
			take(&stream, &seen);
			feed(&stream, input + b, len - b);
			take(&stream, &seen);
			assert_int_equal(seen, OBJECTS);
		}
	}
	qmp_stream_free(&stream);
}

static void single_bytes_fit_a_small_buffer(void **state)
{
	struct qmp_stream stream;
	unsigned int seen = 0;
	size_t i;

	assert_int_equal(qmp_stream_init(&stream, 24), 0);
	for (i = 0; i < sizeof(input) - 1; i++) {
		feed(&stream, input + i, 1);
		take(&stream, &seen);
	}
	assert_int_equal(seen, OBJECTS);
	qmp_stream_free(&stream);
}

static void garbage_is_an_error(void **state)
{
	static const char *const bad[] = { "x", "{} x", "[1]", "\"s\"", "}", "\xff" };
	struct qmp_stream stream;
	const char *object;
	size_t i, len;
	int ret;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(qmp_stream_init(&stream, SIZE), 0);
		feed(&stream, bad[i], strlen(bad[i]));
		do
			ret = qmp_stream_next(&stream, &object, &len);
		while (ret == 1);
		assert_int_equal(ret, -EPROTO);
		qmp_stream_free(&stream);
	}
}

static void overlong_object_is_an_error(void **state)
{
	struct qmp_stream stream;
	const char *object;
	size_t len, i;

	assert_int_equal(qmp_stream_init(&stream, SIZE), 0);
	feed(&stream, "  {", 3);
	for (i = 0; i < SIZE - 1; i++) {
		assert_int_equal(qmp_stream_next(&stream, &object, &len), 0);
		feed(&stream, " ", 1);
	}
	assert_int_equal(qmp_stream_next(&stream, &object, &len), -EMSGSIZE);
	qmp_stream_room(&stream, &len);
	assert_int_equal(len, 0);
	qmp_stream_free(&stream);
}

static void unterminated_string_hides_brackets(void **state)
{
	struct qmp_stream stream;
	const char *object;
	size_t len;

	assert_int_equal(qmp_stream_init(&stream, SIZE), 0);
	feed(&stream, "{\"a\": \"}\\\"}", 11);
	assert_int_equal(qmp_stream_next(&stream, &object, &len), 0);
	feed(&stream, "\"}", 2);
	assert_int_equal(qmp_stream_next(&stream, &object, &len), 1);
	assert_int_equal(len, 13);
	qmp_stream_free(&stream);
}

static void members_are_found_at_the_top_only(void **state)
{
	static const char *const with[] = {
		"{\"event\": 1}", "{\"a\": {\"b\": [1]}, \"event\"\t:\"x\"}",
		"{\"a\": \"\\\"}\", \"event\":nonsense}",
	};
	static const char *const without[] = {
		"{}", "{\"a\": {\"event\": 1}}", "{\"a\": \"event\"}", "{\"eventual\": 1}",
		"{\"a\": \"\\\"event\\\": 1\"}", "{\"event\"}", "{\"event",
		"{\"a\": [\"event\", 1]}",
		"{\"a\": \"\", \"b\": \"event\" }",
	};
	unsigned int i;

	for (i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		assert_true(qmp_stream_has_member(with[i], strlen(with[i]), "event"));
	for (i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_false(qmp_stream_has_member(without[i], strlen(without[i]), "event"));
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(every_split_gives_the_same_objects),
		cmocka_unit_test(single_bytes_fit_a_small_buffer),
		cmocka_unit_test(garbage_is_an_error),
		cmocka_unit_test(overlong_object_is_an_error),
		cmocka_unit_test(unterminated_string_hides_brackets),
		cmocka_unit_test(members_are_found_at_the_top_only),
)
