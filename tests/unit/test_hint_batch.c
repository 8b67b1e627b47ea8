// SPDX-License-Identifier: GPL-2.0
/*
 * Batches against the real publisher and a QMP client that only writes down what it is
 * given: when a batch leaves, what is in it, and what answers and errors do to it.
 */
/* rig: tests/unit/hint_rig.h */
/* links: host-agent/agent/round/hint_flow.c host-agent/agent/round/hint_batch.c */
#include "host-agent/agent/round/hint_flow.h"
#include "tests/unit/hint_rig.h"

#define ALTERNATE	0x5555555555555555ULL
#define MANY		64

/** struct sent - one command that the batch gave to the client */
struct sent {
	enum qmp_command command;
	unsigned int cookie;
	unsigned int count;
	bool last;
};

static struct hint_flow flow;
static struct qmp_client qmp;

/* What QEMU got; command @fail_at fails with @error, if it is set. */
static struct {
	struct sent sent[MANY];
	unsigned int count;
	unsigned int fail_at;
	int error;
} qemu;

/* Instead of qmp_client.c. */
int qmp_client_send(struct qmp_client *client, enum qmp_command command,
		    unsigned int cookie, int fd, const char *fmt, ...)
{
	struct sent *sent = &qemu.sent[qemu.count];
	char text[QMP_MAX_TEXT];
	const char *count;
	va_list args;

	assert_ptr_equal(client, &qmp);
	assert_true(qemu.count < MANY);
	if (qemu.error && qemu.count == qemu.fail_at)
		return qemu.error;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	assert_true((fd >= 0) == (command == QMP_GETFD));
	count = strstr(text, "\"count\":");
	*sent = (struct sent){
		.command = command,
		.cookie = cookie,
		.count = count ? (unsigned int)atoi(count + strlen("\"count\":")) : 0,
		.last = strstr(text, "\"last\":true"),
	};
	qemu.count++;
	return 0;
}

static int setup(void **state)
{
	memset(&qemu, 0, sizeof(qemu));
	make_rig();
	assert_int_equal(hint_flow_init(&flow, &qmp, &rig.stats), 0);
	return hint_round_attach(&flow.round, rig.shm, REGION);
}

static int teardown(void **state)
{
	hint_flow_free(&flow);
	region_drop(&rig.region);
	return 0;
}

static int pump(void)
{
	return hint_flow_poll(&flow);
}

static void answer(enum qmp_command command, unsigned int cookie, const char *error)
{
	struct qmp_message message = {
		.kind = error ? QMP_MESSAGE_ERROR : QMP_MESSAGE_REPLY,
		.command = command, .cookie = cookie, .name = "GenericError", .desc = error,
	};

	hint_flow_reply(&flow, &message);
}

/* QEMU's answer to a batch, with the room that is left. */
static void answer_room(unsigned int cookie, json_int_t room)
{
	json_t *body = json_pack("{s:I}", FREEHINT_ARG_ROOM, room);
	struct qmp_message message = {
		.kind = QMP_MESSAGE_REPLY, .command = QMP_MARK_CLEAN, .cookie = cookie,
		.body = body,
	};

	hint_flow_reply(&flow, &message);
	json_decref(body);
}

static void expect_mark(unsigned int index, unsigned int count, bool last)
{
	assert_true(qemu.count >= 2 * index + 2);
	assert_int_equal(qemu.sent[2 * index].command, QMP_GETFD);
	assert_int_equal(qemu.sent[2 * index + 1].command, QMP_MARK_CLEAN);
	assert_int_equal(qemu.sent[2 * index].cookie, qemu.sent[2 * index + 1].cookie);
	assert_int_equal(qemu.sent[2 * index + 1].count, count);
	assert_int_equal(qemu.sent[2 * index + 1].last, last);
}

static void first_ranges_leave_at_once_and_the_rest_gathers(void **state)
{
	open_round(1);
	put(1, 3);
	assert_int_equal(pump(), 0);
	expect_mark(0, 3, false);
	put(1, 2);
	assert_int_equal(pump(), 0);
	put(1, 2);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2);
	answer(QMP_GETFD, 0, NULL);
	answer(QMP_MARK_CLEAN, 0, NULL);
	assert_int_equal(pump(), 0);
	expect_mark(1, 4, false);
}

static void full_batches_do_not_wait(void **state)
{
	open_round(1);
	put(ALTERNATE, 300);
	assert_int_equal(pump(), 0);
	expect_mark(0, FREEHINT_MAX_RANGES, false);
	expect_mark(1, FREEHINT_MAX_RANGES, false);
	assert_int_equal(qemu.count, 4);
	assert_int_equal(flow.batch.count, 300 * 32 - 2 * FREEHINT_MAX_RANGES);
}

static void nothing_is_copied_while_all_buffers_travel(void **state)
{
	u64 copied;

	open_round(1);
	put(ALTERNATE, 8 * FREEHINT_MAX_RANGES / 32);
	put(ALTERNATE, 1000);
	seal(FREEHINT_SEAL_COMPLETE);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2 * FREEHINT_MAX_INFLIGHT);
	assert_false(hint_batch_has_buffer(&flow.batch));
	copied = flow.round.copied;
	assert_int_equal(pump(), 0);
	assert_int_equal(flow.round.copied, copied);
	answer(QMP_MARK_CLEAN, 3, NULL);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2 * FREEHINT_MAX_INFLIGHT + 2);
	assert_int_equal(qemu.sent[2 * FREEHINT_MAX_INFLIGHT].cookie, 3);
}

/* As long as QEMU says nothing, as an older extension does, it gets what there is. */
static void no_more_is_sent_than_there_is_room_for(void **state)
{
	u64 copied;

	open_round(1);
	put(ALTERNATE, 5 * FREEHINT_MAX_RANGES / 32);
	put(ALTERNATE, 10);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2 * 5);
	seal(FREEHINT_SEAL_COMPLETE);
	/* the first answer does not know of the other four */
	answer_room(0, 4 * FREEHINT_MAX_RANGES + 319);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2 * 5);
	assert_false(hint_flow_has_work(&flow));
	copied = flow.round.copied;
	answer_room(1, 3 * FREEHINT_MAX_RANGES + 320);
	assert_int_equal(pump(), 0);
	assert_int_equal(flow.round.copied, copied);
	expect_mark(5, 320, true);
}

/* QEMU has nothing left to answer: a command without ranges asks, once in a millisecond. */
static void room_is_asked_for_while_there_is_none(void **state)
{
	open_round(1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	put(1, 3);
	seal(FREEHINT_SEAL_COMPLETE);
	answer_room(0, 2);
	assert_int_equal(pump(), 0);
	expect_mark(1, 0, false);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 4);
	answer_room(qemu.sent[3].cookie, 2);
	flow.batch.asked_us = ~0ULL / 2;
	assert_int_equal(pump(), 0);
	flow.batch.asked_us = 0;
	assert_int_equal(pump(), 0);
	expect_mark(2, 0, false);
	answer_room(qemu.sent[5].cookie, 3);
	assert_int_equal(pump(), 0);
	expect_mark(3, 3, true);
	assert_int_equal(flow.batch.buffers[qemu.sent[7].cookie].records[0].start, 64 * 4096);
}

/* A number that is none, and what QEMU said of another round, are ignored. */
static void room_of_another_round_does_not_count(void **state)
{
	open_round(1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	answer_room(0, -5);
	put(1, 1);
	assert_int_equal(pump(), 0);
	expect_mark(1, 1, false);
	open_round(2);
	put(1, 1);
	seal(FREEHINT_SEAL_COMPLETE);
	assert_int_equal(pump(), 0);
	expect_mark(2, 1, true);
	answer_room(qemu.sent[3].cookie, 0);
	assert_int_equal(flow.batch.qemu_room, HINT_ROOM_UNKNOWN);
}

static void sealed_round_ends_with_last(void **state)
{
	open_round(1);
	put(1, 1);
	seal(FREEHINT_SEAL_COMPLETE);
	assert_int_equal(pump(), 0);
	expect_mark(0, 1, true);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2);
}

static void half_a_batch_of_a_dead_round_is_dropped(void **state)
{
	open_round(1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	put(1, 5);
	assert_int_equal(pump(), 0);
	assert_int_equal(flow.batch.count, 5);
	open_round(2);
	put(0, 3);
	put(1, 2);
	answer(QMP_MARK_CLEAN, 0, NULL);
	assert_int_equal(pump(), 0);
	expect_mark(1, 2, false);
	assert_int_equal(flow.batch.buffers[qemu.sent[3].cookie].records[0].start,
			 3 * 64 * 4096);
	assert_int_equal(flow.batch.buffers[qemu.sent[3].cookie].round, 2);
}

static void broken_connection_is_told_and_forgotten(void **state)
{
	unsigned int at;

	for (at = 0; at < 2; at++) {
		qemu.count = 0;
		qemu.fail_at = at;
		qemu.error = -EPIPE;
		open_round(10 + at);
		put(1, 1);
		assert_int_equal(pump(), -EPIPE);
		hint_batch_reset(&flow.batch);
		hint_round_detach(&flow.round);
		assert_int_equal(hint_round_attach(&flow.round, rig.shm, REGION), 0);
		qemu.error = 0;
		qemu.count = 0;
		seal(FREEHINT_SEAL_COMPLETE);
		assert_int_equal(pump(), 0);
		expect_mark(0, 1, true);
		hint_batch_reset(&flow.batch);
	}
}

static void late_and_other_errors_are_counted_apart(void **state)
{
	open_round(1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	answer(QMP_GETFD, 0, "no descriptor");
	assert_int_equal(flow.batch.in_flight, 1);
	answer(QMP_MARK_CLEAN, 0, "round 1 is stale, round 2 is open");
	assert_int_equal(rig.stats.refused_late, 1);
	assert_int_equal(flow.batch.in_flight, 0);
	put(1, 1);
	assert_int_equal(pump(), 0);
	answer(QMP_MARK_CLEAN, 0, "");
	assert_int_equal(rig.stats.refused_other, 1);
	put(1, 1);
	assert_int_equal(pump(), 0);
	freehint_write_request(rig.shm, FREEHINT_NO_ROUND, FREEHINT_PHASE_READY, 0);
	answer(QMP_MARK_CLEAN, 0, "whatever");
	assert_int_equal(rig.stats.refused_late, 2);
	assert_int_equal(rig.stats.refused_other, 1);
}

static void a_round_that_was_given_up_sends_nothing_more(void **state)
{
	open_round(1);
	put(1ULL << 63, 1);
	assert_int_equal(pump(), 0);
	expect_mark(0, 1, false);
	/* One range waits in the batch, and one in the round, whose run may grow. */
	put(1ULL << 63, 2);
	assert_int_equal(pump(), 0);
	answer(QMP_MARK_CLEAN, 0, "the number of ranges " FREEHINT_ERR_FULL);
	assert_int_equal(rig.stats.refused_other, 1);
	assert_int_equal(pump(), 0);
	assert_int_equal(qemu.count, 2);
}

RUN_TESTS(NULL, NULL,
		TEST(first_ranges_leave_at_once_and_the_rest_gathers),
		TEST(full_batches_do_not_wait),
		TEST(nothing_is_copied_while_all_buffers_travel),
		TEST(no_more_is_sent_than_there_is_room_for),
		TEST(room_is_asked_for_while_there_is_none),
		TEST(room_of_another_round_does_not_count),
		TEST(sealed_round_ends_with_last),
		TEST(half_a_batch_of_a_dead_round_is_dropped),
		TEST(broken_connection_is_told_and_forgotten),
		TEST(late_and_other_errors_are_counted_apart),
		TEST(a_round_that_was_given_up_sends_nothing_more),
)
