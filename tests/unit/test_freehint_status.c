// SPDX-License-Identifier: GPL-2.0
/*
 * The reply to x-query-freehint: a full one, an old one, and nonsense.
 */
/* links: host-agent/common/freehint_status.c host-agent/common/give_back_status.c */
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
		" \"guest\": {\"present\": true},"
		" \"counters\": {\"rounds\": 3, \"pages-accepted\": 7,"
		"  \"bytes-skipped\": 28672},"
		" \"first-round\": {\"sync-to-first-apply-us\": 1234}}"), 0);
	assert_int_equal(status.instance, 9);
	assert_int_equal(status.state, FREEHINT_STATE_ROUND);
	assert_string_equal(status.refused, "because");
	assert_int_equal(status.region_size, 1048576);
	assert_true(status.guest_present);
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

static void give_back_member(void **state)
{
	struct freehint_status status;
	const struct give_back_status *back = &status.give_back;

	assert_int_equal(parse(&status,
		"{\"guest\": {\"give-back\": \"busy\"}, \"give-back\": {\"mode\": \"always\","
		" \"asking\": true, \"paused\": \"a migration runs\", \"refused\": \"mlock\","
		" \"order\": 9, \"leave\": 64, \"drained\": true, \"elapsed-us\": 321,"
		" \"bytes\": 4194304, \"offers\": 6, \"offers-done\": 3,"
		" \"offers-declined\": 2, \"offers-stale\": 1, \"discard-us\": 70,"
		" \"hold-max-us\": 40, \"hold-cpu-max-us\": 30, \"resident\": 99,"
		" \"guest-offers\": 8}}"), 0);
	assert_true(back->known && back->asking && back->drained);
	assert_int_equal(back->mode, GIVE_BACK_ALWAYS);
	assert_string_equal(back->paused, "a migration runs");
	assert_string_equal(back->refused, "mlock");
	assert_string_equal(back->guest, "busy");
	assert_int_equal(back->order, 9);
	assert_int_equal(back->leave_mib, 64);
	assert_int_equal(back->elapsed_us, 321);
	assert_int_equal(back->bytes, 4194304);
	assert_int_equal(back->offers_done + 10 * back->offers_declined +
			 100 * back->offers_stale + 1000 * back->offers, 6123);
	assert_int_equal(back->hold_max_us * 100 + back->hold_cpu_max_us, 4030);
	assert_int_equal(back->resident, 99);
	assert_int_equal(back->guest_offers, 8);
}

static void extension_without_give_back_is_known(void **state)
{
	struct freehint_status status;

	assert_int_equal(parse(&status, "{\"state\": \"ready\"}"), 0);
	assert_false(status.give_back.known);
	assert_int_equal(parse(&status, "{\"give-back\": {\"mode\": \"sometimes\","
					" \"bytes\": -1, \"paused\": 3}}"), 0);
	assert_true(status.give_back.known);
	assert_int_equal(status.give_back.mode, GIVE_BACK_OFF);
	assert_int_equal(status.give_back.bytes, 0);
	assert_string_equal(status.give_back.paused, "");
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
	struct freehint_status status = { .instance = 9 };

	assert_int_equal(parse(&status, "[]"), -EPROTO);
	assert_int_equal(freehint_status_parse(&status, NULL), -EPROTO);
	/* What was known before stays known. */
	assert_int_equal(status.instance, 9);
}

RUN_TESTS(NULL, NULL,
		cmocka_unit_test(full_reply),
		cmocka_unit_test(missing_and_odd_members_read_as_zero),
		cmocka_unit_test(give_back_member),
		cmocka_unit_test(extension_without_give_back_is_known),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(reply_that_is_no_object_is_refused),
)
