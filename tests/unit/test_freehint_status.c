// SPDX-License-Identifier: GPL-2.0
/*
 * The reply to x-query-freehint: a full one, an old one, and nonsense.
 */
/* links: host-agent/common/freehint_status.c */
/* libs: jansson */
#include "host-agent/common/freehint_status.h"
#include "tests/unit/unit.h"

static int parse(struct freehint_status *status, const char *text)
{
	json_t *reply = json_loads(text, 0, NULL);
	int ret;

	assert_non_null(reply);
	ret = freehint_status_parse(status, reply);
	json_decref(reply);
	return ret;
}

static void full_reply(void **state)
{
	struct freehint_status status;

	assert_int_equal(parse(&status,
		"{\"instance\": 9, \"state\": \"round\", \"refused\": \"because\","
		" \"region\": {\"size\": 1048576}, \"future\": [1],"
		" \"guest\": {\"present\": true, \"contract\": \"zero\"},"
		" \"counters\": {\"rounds\": 3, \"pages-accepted\": 7,"
		"  \"bytes-skipped\": 28672},"
		" \"first-round\": {\"sync-to-first-apply-us\": 1234}}"), 0);
	assert_int_equal(status.instance, 9);
	assert_int_equal(status.state, FREEHINT_STATE_ROUND);
	assert_string_equal(status.refused, "because");
	assert_int_equal(status.region_size, 1048576);
	assert_true(status.guest_present);
	assert_string_equal(status.contract, "zero");
	assert_int_equal(status.rounds, 3);
	assert_int_equal(status.pages_accepted, 7);
	assert_int_equal(status.bytes_skipped, 28672);
	assert_int_equal(status.first_apply_us, 1234);
}

static void missing_and_odd_members_read_as_zero(void **state)
{
	struct freehint_status status;

	assert_int_equal(parse(&status,
		"{\"instance\": -1, \"state\": 5, \"refused\": {}, \"region\": 3,"
		" \"guest\": [], \"counters\": {\"rounds\": \"x\"}}"), 0);
	assert_int_equal(status.instance, 0);
	assert_int_equal(status.state, FREEHINT_STATE_OFF);
	assert_string_equal(status.refused, "");
	assert_false(status.guest_present);
	assert_int_equal(status.rounds, 0);
}

static void long_text_is_cut(void **state)
{
	struct freehint_status status;
	char text[512];

	memset(text, 'a', sizeof(text));
	memcpy(text, "{\"refused\": \"", 13);
	memcpy(text + sizeof(text) - 3, "\"}", 3);
	assert_int_equal(parse(&status, text), 0);
	assert_int_equal(strlen(status.refused), FREEHINT_STATUS_TEXT - 1);
}

static void reply_that_is_no_object_is_refused(void **state)
{
	struct freehint_status status;

	assert_int_equal(parse(&status, "[]"), -EPROTO);
	assert_int_equal(freehint_status_parse(&status, NULL), -EPROTO);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(full_reply),
		cmocka_unit_test(missing_and_odd_members_read_as_zero),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(reply_that_is_no_object_is_refused),
)
